#include "capture/half_stream.hpp"

#include <doctest/doctest.h>
#include <fmt/format.h>

using namespace tapedeck;
using namespace tapedeck::capture;

namespace {

/// Writes down what comes up.
struct Script final : StreamSink {
  void start(Direction, StreamPosition, bool syn) override { text += syn ? "syn " : "midstream "; }
  void bytes(Direction, const Piece& piece) override { text += std::string(as_text(piece.bytes)) + " "; }
  void gap(Direction, StreamPosition, std::uint64_t length, GapReason reason, Time) override {
    const char* why = reason == GapReason::wire ? "wire" : reason == GapReason::given_up ? "given_up" : "snaplen";
    text += fmt::format("<{} {}> ", length, why);
  }
  void end(Direction, EndReason reason, Time) override {
    text += reason == EndReason::fin ? "fin" : reason == EndReason::reset ? "reset" : "cut";
  }
  void inconsistent(Direction) override { text += "! "; }
  std::string text;
};

/// A half at sequence number 100, told segment by segment. Time stands still unless pass() is called.
class Told {
 public:
  explicit Told(Limits limits = {}) : x_limits(limits) {}
  Told& syn(std::uint32_t sequence = 99) { return segment(sequence, "", {.syn = true}); }
  Told& data(std::uint32_t sequence, std::string_view payload, std::uint32_t wire = 0) {
    return segment(sequence, payload, {.ack = true}, wire);
  }
  Told& fin(std::uint32_t sequence) { return segment(sequence, "", {.fin = true, .ack = true}); }
  Told& ack(std::uint32_t number) {
    x_half.note_peer();
    x_half.peer_ack(number, x_now);
    return *this;
  }
  Told& pass(std::uint64_t packets, std::int64_t ms) {
    x_now.packet += packets;
    x_now.clock += std::chrono::milliseconds(ms);
    x_half.settle(x_now);
    return *this;
  }
  Told& finish() {
    x_half.finish(EndReason::cut_off, x_now);
    return *this;
  }
  const std::string& text() const { return x_sink.text; }
  const CaptureAccount& account() const { return x_account; }
  std::size_t stored() const { return x_stored; }

 private:
  Told& segment(std::uint32_t sequence, std::string_view payload, TcpFlags flags, std::uint32_t wire = 0) {
    Segment s;
    s.sequence = sequence;
    s.flags = flags;
    s.payload = as_bytes(payload);
    s.payload_length = wire == 0 ? static_cast<std::uint32_t>(payload.size()) : wire;
    ++x_now.packet;
    x_half.segment(s, x_now.clock, 0, x_now);
    return *this;
  }

  Limits x_limits;
  CaptureAccount x_account;
  std::size_t x_stored = 0;
  Script x_sink;
  Tick x_now{.packet = 1, .clock = time_from_ns(1'000'000'000'000)};
  HalfStream x_half{Direction::forward, {x_limits, x_account, x_stored}, x_sink};
};

}  // namespace

TEST_CASE("half stream: in order, reordered, repeated and overlapping segments come up once and in order") {
  CHECK(Told().syn().data(100, "ab").data(102, "cd").fin(104).text() == "syn ab cd fin");
  CHECK(Told().syn().data(102, "cd").data(104, "ef").data(100, "ab").text() == "syn ab cd ef ");
  CHECK(Told().syn().data(100, "ab").data(100, "ab").data(101, "bc").text() == "syn ab c ");
  CHECK(Told().syn().data(104, "ef").data(102, "cdefgh").data(100, "ab").text() == "syn ab cd ef gh ");
}

TEST_CASE("half stream: of two contents for one range the first is kept") {
  Told stored;
  stored.syn().data(102, "cd").data(102, "XX").data(100, "ab");
  CHECK(stored.text() == "syn ab cd ");
  CHECK(stored.account().overlap_inconsistent == 1);
  Told delivered;
  delivered.syn().data(100, "abcd").data(100, "XXXX");
  CHECK(delivered.text() == "syn abcd ! ");
  CHECK(delivered.account().duplicate == 4);
}

TEST_CASE("half stream: a hole is a gap only after its acknowledgment and the wait behind it") {
  Told t;
  t.syn().data(102, "cd").ack(104);
  CHECK(t.pass(255, 1000).text() == "syn ");
  CHECK(t.pass(1, 0).text() == "syn <2 wire> cd ");
  CHECK(t.data(100, "ab").text() == "syn <2 wire> cd ");
  CHECK(t.account().too_late == 2);

  CHECK(Told().syn().data(102, "cd").ack(104).pass(1, 1999).text() == "syn ");
  CHECK(Told().syn().data(102, "cd").ack(104).pass(1, 2000).text() == "syn <2 wire> cd ");
  CHECK(Told().syn().data(102, "cd").ack(104).pass(10000, 19).text() == "syn ");
}

TEST_CASE("half stream: without acknowledgment a hole stays open while the peer is there") {
  CHECK(Told().syn().data(102, "cd").ack(100).pass(100000, 60000).text() == "syn ");
  CHECK(Told().syn().data(102, "cd").ack(100).pass(100000, 60000).data(100, "ab").text() == "syn ab cd ");
}

TEST_CASE("half stream: without any packet of the peer a hole is given up after the longer time") {
  CHECK(Told().syn().data(102, "cd").pass(100000, 1999).text() == "syn ");
  CHECK(Told().syn().data(102, "cd").pass(1, 2000).text() == "syn <2 given_up> cd ");
}

TEST_CASE("half stream: what was acknowledged with nothing behind it is a gap too, a FIN's one number is not") {
  CHECK(Told().syn().data(100, "ab").ack(110).pass(300, 30).text() == "syn ab <8 wire> ");
  CHECK(Told().syn().data(100, "ab").ack(103).pass(300, 3000).finish().text() == "syn ab fin");
}

TEST_CASE("half stream: at the end the rest is handed up with its gaps") {
  Told t;
  t.syn().data(102, "cd").data(110, "kl").ack(104).finish();
  CHECK(t.text() == "syn <2 wire> cd <6 given_up> kl cut");
  CHECK(t.account().missing_wire == 2);
  CHECK(t.account().missing_given_up == 6);
  CHECK(t.stored() == 0);
}

TEST_CASE("half stream: without SYN the first data wait, then the lowest position starts") {
  CHECK(Told().data(102, "cd").pass(1, 19).data(100, "ab").text().empty());
  CHECK(Told().data(102, "cd").data(100, "ab").pass(256, 20).text() == "midstream ab cd ");
  CHECK(Told().data(102, "cd").data(100, "ab").syn().text() == "syn ab cd ");
}

TEST_CASE("half stream: a store that is full gives its lowest hole up") {
  Limits limits;
  limits.store_segments = 2;
  Told t(limits);
  t.syn().data(102, "c").data(104, "e");
  CHECK(t.text() == "syn ");
  CHECK(t.data(106, "g").text() == "syn <2 given_up> c ");
  CHECK(t.stored() == 2);
}

TEST_CASE("half stream: positions go on over 2^32, and what is over 1 GiB away is refused") {
  CHECK(Told().syn(0xfffffffd).data(0xfffffffe, "ab").data(2, "ef").data(0, "cd").text() == "syn ab cd ef ");
  Told far;
  far.syn().data(100 + (1u << 30) + 1, "xx").data(100, "ab");
  CHECK(far.text() == "syn ab ");
  CHECK(far.account().refused.at("out_of_window") == 2);
}

TEST_CASE("half stream: bytes that the snapshot length cut close at once, in order and out of it") {
  CHECK(Told().syn().data(100, "ab", 10).data(110, "kl").text() == "syn ab <8 snaplen> kl ");
  CHECK(Told().syn().data(110, "kl", 12).data(122, "wx").data(100, "ab", 10).text() ==
        "syn ab <8 snaplen> kl <10 snaplen> wx ");
}

TEST_CASE("half stream: a keep-alive probe and data behind the FIN bring nothing") {
  Told t;
  t.syn().data(100, "ab").data(101, "X").fin(102).data(102, "zz");
  CHECK(t.text() == "syn ab fin");
  CHECK(t.account().duplicate == 1);
  CHECK(t.account().too_late == 2);
}

TEST_CASE("half stream: data held behind a FIN that comes later are refused, and counted") {
  Told t;
  t.syn().data(110, "zzz").data(100, "ab").fin(102);
  CHECK(t.text() == "syn ab fin");
  CHECK(t.account().refused.at("behind_fin") == 3);
  CHECK(t.stored() == 0);
}
