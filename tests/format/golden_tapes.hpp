#pragma once
#include <map>
#include <random>
#include <string>
#include <vector>

#include "format/copy_tape.hpp"
#include "tests/format/tape_fixture.hpp"

// What the golden tapes of this version hold and how they are made. tests/format/golden_test.cpp writes them on demand.
namespace tapedeck::test {

class Specimens {
 public:
  /// Exchanges that between them hold everything a tape can say of one: each shape once or twice, small.
  static std::vector<http::Exchange> make() {
    Specimens made;
    made.add_methods_and_versions();
    made.add_bodies();
    made.add_incomplete_ones();
    made.add_extras();
    return std::move(made.x_all);
  }

 private:
  http::Exchange& add(std::string_view request, std::string_view fields = "") {
    http::Exchange e;
    const std::size_t n = x_all.size();
    e.connection = connection(n % 5);
    e.sequence = static_cast<std::uint32_t>(n / 5);
    e.request.head = std::string(request) +
                     " HTTP/1.1\r\nHost: shop.example\r\nUser-Agent: golden/1.0 (interned: it is long enough)\r\n" +
                     std::string(fields) + "\r\n";
    e.request.first = kNow + std::chrono::milliseconds(10 * n);
    e.request.last = e.request.first + std::chrono::microseconds(50);
    e.response.first = e.request.last + std::chrono::milliseconds(7);
    e.response.last = e.response.first + std::chrono::microseconds(300);
    e.status = 200;
    e.response.head =
        "HTTP/1.1 200 OK\r\nServer: golden\r\nContent-Security-Policy: default-src 'self'; img-src *\r\n\r\n";
    e.response.body = {http::BodyState::kept, "{\"n\":" + std::to_string(n) + "}", {}, {}, {}};
    return x_all.emplace_back(std::move(e));
  }

  static std::shared_ptr<const http::Connection> connection(std::size_t n) {
    if (n == 4) return nullptr;
    auto made = std::make_shared<http::Connection>();
    made->number = n + 1;
    made->client = *http::parse_socket_address(n == 1 ? "[2001:db8::7]:40002" : "192.0.2.7:4000" + std::to_string(n));
    if (n == 3) return made;
    made->server = *http::parse_socket_address("198.51.100.1:443");
    made->upstream = *http::parse_socket_address("10.0.0.9:8080");
    made->opened = kNow - std::chrono::milliseconds(3);
    if (n != 0) return made;
    made->tls_version = 0x0304;
    made->tls_cipher = 0x1301;
    made->sni = "shop.example";
    made->alpn = "http/1.1";
    made->client_certificate_sha256 = std::string(32, 'c');
    return made;
  }

  void add_methods_and_versions() {
    for (const char* method :
         {"GET", "HEAD", "POST", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH", "PURGE"}) {
      add(std::string(method) + " /" + method).status = static_cast<std::uint16_t>(200 + 10 * x_all.size());
    }
    for (const http::Version version : {http::Version::http_0_9, http::Version::http_1_0, http::Version::http_3}) {
      add("GET /version").version = version;
    }
    http::Exchange& h2 = add("GET /h2");
    h2.version = http::Version::http_2;
    h2.stream = 5;
    h2.request.head = ":method: GET\r\n:path: /h2\r\n:authority: shop.example\r\n\r\n";
    h2.response.head = ":status: 200\r\nserver: golden\r\n\r\n";
  }

  void add_bodies() {
    add("GET /empty").response.body.bytes.clear();
    add("GET /none").response.body = {};
    add("GET /again/1").response.body.bytes = std::string(600, 'r');
    add("GET /again/2").response.body.bytes = std::string(600, 'r');
    add("POST /again/3").request.body = {http::BodyState::kept, std::string(600, 'r'), {}, {}, {}};
    std::mt19937 random(1);
    std::string noise(3000, '\0');
    for (char& c : noise) c = static_cast<char>(random());
    add("GET /noise.png").response.body.bytes = noise;
    add("GET /latin?q=\xe9", "X-Odd: \xff\xfe\r\n").response.body.bytes = "caf\xe9";
    add("GET /tape").response.body.bytes = "a tape: " + std::string("\x57\x2a\x4d\x18\0\0\0\0TAPE", 12) + " inside";
    add("GET /large").response.body.bytes = std::string(600'000, 'L');
    add("PUT /large").request.body = {http::BodyState::kept, std::string(600'000, 'L'), {}, {}, {}};
    for (unsigned reason = 1; reason <= 5; ++reason) {
      http::Exchange& e = add("GET /omitted/" + std::to_string(reason));
      e.flags.set(http::Flag::response_omitted);
      e.response.body = {http::BodyState::omitted, "", static_cast<http::OmittedBecause>(reason), {}, {}};
      if (reason % 2 == 1) e.response.body.wire_length = 1000u * reason;
      if (reason == 1) e.response.body.sha256 = std::string(32, 'h');
    }
    http::Exchange& cut = add("POST /cut");
    cut.flags.set(http::Flag::request_truncated);
    cut.flags.set(http::Flag::response_truncated);
    cut.request.body = {http::BodyState::kept, "prefix", {}, 5000, {}};
  }

  void add_incomplete_ones() {
    for (std::uint16_t reason = 1; reason < http::kReasonCount; ++reason) {
      http::Exchange& e = add("GET /reason/" + std::to_string(reason));
      e.reason = static_cast<http::Reason>(reason);
      e.flags.set(http::Flag::response_missing);
      e.status = 0;
      e.response = {};
      e.response.first = e.response.last = e.request.last;
    }
    http::Exchange& alone = add("");
    alone.flags.set(http::Flag::request_missing);
    alone.request = {};
    alone.request.first = alone.request.last = alone.response.first;
  }

  void add_extras() {
    http::Exchange& e = add("POST /extras", "Transfer-Encoding: chunked\r\n");
    e.request.body = {http::BodyState::kept, "chunks", {}, {}, {}};
    e.request.trailers = "X-Sum: 1\r\n";
    e.response.trailers = "X-Checksum: abc\r\nX-More: def\r\n";
    e.interim = {"HTTP/1.1 100 Continue\r\n\r\n", "HTTP/1.1 103 Early Hints\r\nLink: </a.css>\r\n\r\n"};
    e.gaps = {{http::Side::request, 2, 1}, {http::Side::response, 0, 3}};
    e.rules = "bare_lf obs_fold";
    for (std::uint8_t flag = 0; flag < http::kFlagCount; ++flag) {
      const auto bit = static_cast<http::Flag>(flag);
      if (bit == http::Flag::request_missing || bit == http::Flag::late_row) continue;
      http::Exchange& flagged = add("GET /flag/" + std::string(http::name_of(bit)));
      flagged.flags.set(bit);
    }
    http::Exchange& late = add("GET /late");
    late.request.first -= std::chrono::milliseconds(400);
  }

  std::vector<http::Exchange> x_all;
};

class GoldenTapes {
 public:
  /// Of those whose names begin with `encrypted`: the bytes of their .key files.
  static format::TapeKey key() {
    format::TapeKey made;
    for (std::size_t i = 0; i < made.bytes.size(); ++i) made.bytes[i] = static_cast<std::uint8_t>(i * 7 + 1);
    return made;
  }

  /// By name.
  static std::map<std::string, std::string> make() {
    GoldenTapes tapes;
    const std::string rows = tapes.whole_rows(1, {});
    const std::string two = tapes.two_rows(2, SIZE_MAX);
    tapes.x_key = key();
    const std::string encrypted = tapes.whole_rows(5, {}) + tapes.two_rows(6, 12);
    tapes.x_key.reset();
    return {{"encrypted-1.0", encrypted},
            {"rows-1.0", rows},
            {"two-rows-1.0", two},
            {"merged-1.0", tapes.merged(rows + two)},
            {"unsealed-1.0", tapes.whole_rows(3, 15) + tapes.two_rows(4, 12)}};
  }

 private:
  format::TapeOptions options(std::uint8_t recording) const {
    format::TapeOptions made = small_chunks();
    made.key = x_key;
    made.random_id = true;
    made.recording = http::RecordingId{recording, 0x60, 0x1d};
    return made;
  }

  static void note_losses(format::TapeWriter& writer) {
    format::Note first;
    first.json = R"({"tool":"tapedeck","version":"1.0","command":"golden"})";
    REQUIRE(writer.note(first, kNow).has_value());
    for (std::uint16_t reason = 1; reason < http::kReasonCount; ++reason) {
      format::Note note;
      note.reason = static_cast<http::Reason>(reason);
      note.level = format::NoteLevel::loss;
      note.from = kNow;
      note.to = kNow + std::chrono::seconds(reason);
      note.exchanges = reason;
      note.bytes = 100u * reason;
      note.packets = 7u * reason;
      REQUIRE(writer.note(note, kNow).has_value());
    }
  }

  /// Two segments; or, of so many rows, one that is not sealed.
  std::string whole_rows(std::uint8_t recording, std::size_t unsealed_after) {
    const auto bytes = std::make_shared<std::string>();
    auto writer = format::TapeWriter::create(std::make_unique<MemorySink>(bytes), options(recording), kNow);
    note_losses(*writer);
    std::size_t n = 0;
    for (const http::Exchange& e : Specimens::make()) {
      const Time now = kNow + std::chrono::milliseconds(200 * n);
      REQUIRE(writer->append(e, now).has_value());
      REQUIRE(writer->tick(now, e.request.first - std::chrono::milliseconds(100)).has_value());
      if (++n == unsealed_after) return *bytes;
      if (n == 30) REQUIRE(writer->next_segment(std::make_unique<MemorySink>(bytes), now).has_value());
    }
    REQUIRE(writer->seal(kNow).has_value());
    return *bytes;
  }

  /// Each with a request in two rows, four rows later; every third request body in parts, of which some come later,
  /// too.
  std::string two_rows(std::uint8_t recording, std::size_t at_most) {
    const auto bytes = std::make_shared<std::string>();
    auto writer = format::TapeWriter::create(std::make_unique<MemorySink>(bytes), options(recording), kNow);
    struct Open {
      http::Exchange exchange;
      format::StreamedBodies streamed;
    };
    std::vector<Open> open;
    std::size_t n = 0;
    const auto give = [&](const Open& of, std::string_view piece, bool last) {
      format::BodyPart part;
      part.bytes = piece;
      part.last = last;
      REQUIRE(writer->append_body(of.streamed.request, std::move(part), kNow).has_value());
    };
    const auto complete = [&](const Open& of, Time now) {
      if (of.streamed.request != 0) give(of, "end", true);
      REQUIRE(writer->complete(of.exchange.id, of.exchange, now, of.streamed).has_value());
    };
    for (http::Exchange e : Specimens::make()) {
      if (n == at_most) break;
      const Time now = kNow + std::chrono::milliseconds(300 * n);
      Open one{std::move(e), {}};
      if (!one.exchange.has_request()) {
        REQUIRE(writer->append(one.exchange, now).has_value());
      } else {
        if (++n % 3 == 0) {
          one.exchange.request.body = {http::BodyState::kept, {}, {}, {}, {}};
          one.streamed.request = writer->begin_body();
          give(one, "begin ", false);
          give(one, std::string(300'000, 'M'), false);
        }
        one.exchange.id = *writer->open(one.exchange, now, one.streamed);
        open.push_back(std::move(one));
      }
      if (open.size() > 4) {
        complete(open.front(), now);
        open.erase(open.begin());
      }
      REQUIRE(writer->tick(now, now - std::chrono::seconds(30)).has_value());
    }
    while (open.size() > 1) {  // the last is cut off by the end
      complete(open.front(), kNow);
      open.erase(open.begin());
    }
    REQUIRE(writer->seal(kNow).has_value());
    return *bytes;
  }

  /// Every fourth exchange of both.
  std::string merged(const std::string& tapes) const {
    auto reader = open_bytes(tapes);
    const auto bytes = std::make_shared<std::string>();
    format::TapeOptions sorted = options(9);
    sorted.sorted = true;
    auto writer = format::TapeWriter::create(std::make_unique<MemorySink>(bytes), sorted, kNow);
    format::CopyOptions copy;
    copy.first_note = R"({"tool":"tapedeck","version":"1.0","command":"merge"})";
    copy.keep = [](const http::Exchange& e) { return e.id.ordinal % 4 == 1; };
    REQUIRE(format::copy_tape(reader, *writer, copy, kNow).has_value());
    return *bytes;
  }

  std::optional<format::TapeKey> x_key;
};

}  // namespace tapedeck::test
