// Exports of bodies that stay on their tape until they are written: the same bytes as of bodies in memory.
#include <filesystem>
#include <fstream>
#include <random>
#include <sstream>

#include <doctest/doctest.h>

#include "format/exchange_json.hpp"
#include "format/foreign/curl_exporter.hpp"
#include "format/foreign/gor_exporter.hpp"
#include "format/foreign/gor_format.hpp"
#include "format/foreign/har_exporter.hpp"
#include "format/foreign/ndjson_exporter.hpp"
#include "format/foreign/warc_exporter.hpp"
#include "tests/format/foreign_fixture.hpp"
#include "tests/format/tape_fixture.hpp"
#include "tests/support/temp_directory.hpp"

namespace tapedeck::test {
namespace {

using format::Compression;
using http::Flag;

std::string repeated(std::string_view text, std::size_t bytes) {
  std::string out;
  while (out.size() < bytes) out += text;
  return out;
}

std::string noise(std::size_t bytes) {
  std::mt19937 random(5);
  std::string out;
  while (out.size() < bytes) out += static_cast<char>(random());
  return out;
}

http::Exchange exchange_of(int n, std::string request_body, std::string response_body) {
  http::Exchange e;
  auto connection = std::make_shared<http::Connection>();
  connection->number = static_cast<std::uint64_t>(n + 1);
  e.connection = connection;
  e.request.head = "POST /" + std::to_string(n) + " HTTP/1.1\r\nHost: shop.example\r\n\r\n";
  e.request.first = e.request.last = kNow + std::chrono::milliseconds(n);
  e.request.body = {http::BodyState::kept, std::move(request_body), {}, {}, {}};
  e.status = 200;
  e.response.head = "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n\r\n";
  e.response.first = e.response.last = e.request.last + std::chrono::seconds(1);
  e.response.body = {http::BodyState::kept, std::move(response_body), {}, {}, {}};
  return e;
}

/// Text whose characters lie across the ends of pieces, bytes, chunked bodies, cut ones, separators in all places.
std::vector<http::Exchange> of_all_shapes() {
  const std::string separator(format::kGorSeparator);
  std::vector<http::Exchange> all;
  const auto add = [&](std::string request, std::string response) -> http::Exchange& {
    all.push_back(exchange_of(static_cast<int>(all.size()), std::move(request), std::move(response)));
    return all.back();
  };
  add("small", repeated("\u20ac\"", 700'000));
  add(repeated("x\U0001f40d", 600'001), noise(600'000));
  add("text, but for its end", repeated("\u20ac", 600'000) + "\xe2\x82");
  add(repeated("upload ", 600'000), "small");
  add("small", noise(262'140) + separator + noise(300'000));
  add(noise(262'144) + separator.substr(1) + noise(300'000), noise(300'000) + separator);
  http::Exchange& chunked = add("small", repeated("chunk ", 600'000));
  chunked.flags.set(Flag::response_chunked);
  chunked.response.trailers = "X-Sum: 1\r\n";
  http::Exchange& cut = add("small", repeated("cut ", 600'000));
  cut.flags.set(Flag::response_chunked);
  cut.flags.set(Flag::response_truncated);
  cut.response.body.wire_length = 1'000'000;
  http::Exchange& head = add(repeated("refused ", 600'000), "");
  head.request.head = "HEAD / HTTP/1.1\r\nHost: shop.example\r\n\r\n";
  return all;
}

std::string tape_of(const std::vector<http::Exchange>& exchanges) {
  const auto bytes = std::make_shared<std::string>();
  auto writer = format::TapeWriter::create(std::make_unique<MemorySink>(bytes), small_chunks(), kNow);
  for (const http::Exchange& e : exchanges) REQUIRE(writer->append(e, kNow).has_value());
  REQUIRE(writer->seal(kNow).has_value());
  return *bytes;
}

struct Exported {
  std::string bytes;
  std::uint64_t written = 0;
  format::Skipped skipped;
  std::uint64_t left = 0;  // bodies that were still on the tape
};

/// With bodies of more than `large` on their tape.
template <class Make>
Exported export_tape(const std::string& tape, ByteSize large, Make make) {
  format::ReadOptions options;
  options.bodies.large = large;
  auto reader = format::TapeReader::open(format::memory_source(tape), options);
  REQUIRE(reader.has_value());
  const auto bytes = std::make_shared<std::string>();
  MemorySink sink(bytes);
  const auto exporter = make(sink);
  Exported exported;
  const auto read = [&](const format::BodyRef& body, const format::BodyVisitor& visit) {
    return reader->read_body(body, visit);
  };
  auto cursor = reader->in_time_order({}, format::Bodies::refer);
  while (auto next = cursor.next_stored().value()) {
    for (const format::BodyRef& body : next->left) exported.left += body ? 1 : 0;
    REQUIRE(exporter->add_stored(std::move(*next), read).has_value());
  }
  REQUIRE(exporter->finish().has_value());
  exported.bytes = *bytes;
  exported.written = exporter->written();
  exported.skipped = exporter->skipped();
  return exported;
}

template <class Make>
void check_same(Make make) {
  const std::string tape = tape_of(of_all_shapes());
  const Exported streamed = export_tape(tape, ByteSize{format::kInlineBody}, make);
  const Exported loaded = export_tape(tape, 1_GiB, make);
  CHECK(streamed.left > 8);
  CHECK(loaded.left == 0);
  CHECK((streamed.bytes == loaded.bytes));
  CHECK(streamed.written == loaded.written);
  CHECK(streamed.skipped == loaded.skipped);
  CHECK(streamed.written > 4);
}

std::string file_at(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream bytes;
  bytes << file.rdbuf();
  return bytes.str();
}

TEST_CASE("an export of large bodies in pieces is that of the same bodies in memory") {
  SUBCASE("ndjson") {
    check_same([](format::ByteSink& to) { return format::make_ndjson_exporter(to); });
  }
  SUBCASE("gor") {
    check_same([](format::ByteSink& to) { return format::make_gor_exporter(to, Compression::none); });
  }
  SUBCASE("warc") {
    check_same([](format::ByteSink& to) { return format::make_warc_exporter(to, Compression::none, "1"); });
  }
  SUBCASE("har") {
    check_same([](format::ByteSink& to) { return format::make_har_exporter(to, "1"); });
  }
}

TEST_CASE("a compressed export of large bodies in pieces holds the same, a member a WARC record") {
  const std::string tape = tape_of(of_all_shapes());
  const auto check = [&](auto make) {
    const Exported streamed = export_tape(tape, ByteSize{format::kInlineBody},
                                          [&](format::ByteSink& to) { return make(to, Compression::gzip); });
    const Exported plain = export_tape(tape, 1_GiB, [&](format::ByteSink& to) { return make(to, Compression::none); });
    auto stream = format::decompressed_stream(format::memory_stream(streamed.bytes)).value();
    std::string unpacked;
    for (std::string buffer(1 << 16, '\0');;) {
      const auto n = stream->read({reinterpret_cast<std::byte*>(buffer.data()), buffer.size()});
      REQUIRE(n.has_value());
      if (*n == 0) break;
      unpacked.append(buffer, 0, *n);
    }
    CHECK((unpacked == plain.bytes));
  };
  check([](format::ByteSink& to, Compression compression) { return format::make_gor_exporter(to, compression); });
  check([](format::ByteSink& to, Compression compression) { return format::make_warc_exporter(to, compression, "1"); });
}

TEST_CASE("large bodies of curl commands go into their files in pieces") {
  const TempDirectory directory;
  const auto to = [&](const char* name) {
    return [path = directory / name](format::ByteSink& sink) {
      return format::make_curl_exporter(sink, path, format::Overwrite::refuse).value();
    };
  };
  const std::string tape = tape_of(of_all_shapes());
  const Exported streamed = export_tape(tape, ByteSize{format::kInlineBody}, to("a.sh"));
  const Exported loaded = export_tape(tape, 1_GiB, to("b.sh"));
  CHECK(streamed.written == loaded.written);
  CHECK(streamed.skipped == loaded.skipped);
  CHECK(streamed.skipped.at("head_with_body") == 1);
  for (std::uint64_t n = 1; n <= loaded.written; ++n) {
    const std::string name = "00000" + std::to_string(n);
    CHECK((file_at(directory / "a.sh.bodies" / name) == file_at(directory / "b.sh.bodies" / name)));
  }
}

TEST_CASE("a body too large for an export that needs it whole is left out, with its size") {
  format::StoredExchange stored{exchange_of(0, "", ""), {}};
  stored.exchange.response.body.wire_length = format::kMaxLoadedBody + 1;
  stored.left[1] = {0, 1, format::kMaxLoadedBody + 1, {}};
  const auto whole = format::load_left(stored, [](const format::BodyRef&, const format::BodyVisitor&) {
    FAIL("it is not to be read");
    return Result<void>();
  });
  REQUIRE(whole.has_value());
  CHECK(whole->response.body.state == http::BodyState::omitted);
  CHECK(whole->response.body.omitted_because == http::OmittedBecause::limit);
  CHECK(whole->response.body.wire_length == format::kMaxLoadedBody + 1);
}

}  // namespace
}  // namespace tapedeck::test
