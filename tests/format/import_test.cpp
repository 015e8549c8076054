#include "format/foreign/import.hpp"

#include <algorithm>
#include <fstream>
#include <map>
#include <set>

#include <doctest/doctest.h>
#include <fmt/format.h>

#include "tests/format/foreign_fixture.hpp"
#include "tests/format/tape_fixture.hpp"
#include "tests/support/temp_directory.hpp"

namespace tapedeck::test {
namespace {

namespace fs = std::filesystem;

struct Imported {
  std::string error;  // empty: none
  format::ImportResult result;
  std::string tape;  // empty: none was made
  std::vector<http::Exchange> exchanges;
};

struct ImportCase {
  std::uint64_t sort_memory = 256u << 20;
  unsigned workers = 1;
};

Imported import(const std::vector<fs::path>& files, ImportCase how = {}) {
  const TempDirectory spills;
  const auto bytes = std::make_shared<std::string>();
  format::ImportOptions options;
  options.files = files;
  options.sort_memory = how.sort_memory;
  options.spill_directory = spills.path();
  options.tape.workers = how.workers;
  options.note_json = R"({"tool":"test"})";
  options.create_sink = [&]() -> Result<std::unique_ptr<format::ByteSink>> {
    return std::make_unique<MemorySink>(bytes);
  };
  auto result = format::import_files(options);
  Imported imported;
  if (!result) imported.error = result.error().message;
  if (result) imported.result = std::move(*result);
  imported.tape = *bytes;
  if (bytes->empty()) return imported;
  auto reader = open_bytes(*bytes);
  CHECK(reader.verify()->intact());
  imported.exchanges = read_all(reader);
  CHECK(imported.exchanges.size() == imported.result.written);
  return imported;
}

class Files {
 public:
  fs::path write(const std::string& name, const std::string& bytes) {
    std::ofstream(x_directory / name, std::ios::binary) << bytes;
    return x_directory / name;
  }

 private:
  TempDirectory x_directory;
};

std::string gor(int type, const std::string& id, long ns, const std::string& payload) {
  return fmt::format("{} {} {} 0\n{}\n🐵🙈🙉\n", type, id, ns, payload);
}
std::string get(const std::string& id, long ns) {
  return gor(1, id, ns, "GET /" + id + " HTTP/1.1\r\nHost: h\r\n\r\n");
}
std::string ok(const std::string& id, long ns) {
  return gor(2, id, ns, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
}
std::string warc(const std::string& path, const std::string& body) {
  const std::string block = fmt::format("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{}", body.size(), body);
  return fmt::format(
      "WARC/1.0\r\nWARC-Type: response\r\nWARC-Date: 1970-01-01T00:00:00.000000005Z\r\nWARC-Target-URI: http://h/{}\r\n"
      "Content-Type: application/http\r\nContent-Length: {}\r\n\r\n{}\r\n\r\n",
      path, block.size(), block);
}

std::vector<std::string> targets(const Imported& imported) {
  std::vector<std::string> all;
  for (const http::Exchange& e : imported.exchanges) all.emplace_back(http::request_line_of(e.request.head).target);
  return all;
}

TEST_CASE("Import: the tape is sorted, whatever the order of the file") {
  Files files;
  const auto imported = import({files.write("any.name", get("b", 20) + get("a", 10) + ok("a", 30) + ok("b", 25))});
  CHECK(imported.error.empty());
  CHECK(targets(imported) == std::vector<std::string>{"/a", "/b"});
  CHECK_FALSE(imported.result.damaged);
}

TEST_CASE("Import: chunk files are one recording, other kinds are merged by time, connections stay apart") {
  Files files;
  const auto imported = import({files.write("0", get("a", 1) + get("b", 2)), files.write("1", ok("b", 8) + ok("a", 9)),
                                files.write("2", warc("c", "x")), files.write("3", get("d", 3) + ok("d", 4))});
  CHECK(targets(imported) == std::vector<std::string>{"/a", "/b", "/d", "/c"});
  for (const http::Exchange& e : imported.exchanges) CHECK(e.status == 200);
  std::set<std::uint64_t> connections;
  for (const http::Exchange& e : imported.exchanges) connections.insert(e.connection->number);
  CHECK(connections.size() == 4);
}

TEST_CASE("Import: HAR is told by its first brace, an empty one is valid, a broken one gives what stands before") {
  Files files;
  const std::string entry =
      R"({"startedDateTime":"1970-01-01T00:00:01Z","time":1,"request":{"method":"GET","url":"http://h/a","httpVersion":"HTTP/1.1","headers":[]},)"
      R"("response":{"status":204,"statusText":"","httpVersion":"HTTP/1.1","headers":[],"content":{"size":0}}})";
  const auto whole = import({files.write("a", "\xef\xbb\xbf\n{\"log\":{\"entries\":[" + entry + "]}}")});
  CHECK(targets(whole) == std::vector<std::string>{"/a"});
  CHECK_FALSE(whole.result.damaged);
  const auto empty = import({files.write("b", R"({"log":{"version":"1.2","entries":[]}})")});
  CHECK(empty.error.empty());
  CHECK_FALSE(empty.tape.empty());
  CHECK_FALSE(empty.result.damaged);
  const auto broken = import({files.write("c", "{\"log\":{\"entries\":[" + entry + ",{\"sta")});
  CHECK(targets(broken) == std::vector<std::string>{"/a"});
  CHECK(broken.result.damaged);
  REQUIRE(broken.result.remarks.size() == 1);
  CHECK(broken.result.remarks[0].find("/c: ") != std::string::npos);
}

TEST_CASE("Import: a revisit finds its body in another file") {
  Files files;
  const std::string digest = "WARC-Payload-Digest: sha1:AA\r\nContent-Type";
  std::string first = warc("a", "body");
  first.replace(first.find("Content-Type"), 12, digest);
  std::string second = first;
  second.replace(second.find("response"), 8, "revisit");
  second.erase(second.find("body"), 4);
  second.replace(second.rfind("Content-Length: 4"), 0, "");
  const std::size_t length = second.find("Content-Length: ");
  const int old = std::stoi(second.substr(length + 16));
  second.replace(length + 16, std::to_string(old).size(), std::to_string(old - 4));
  const auto imported = import({files.write("1", first), files.write("2", second)});
  REQUIRE(imported.exchanges.size() == 2);
  CHECK(imported.exchanges[1].response.body.bytes == "body");
}

TEST_CASE("Import: the same input makes the same bytes, for any number of workers, spilled or not") {
  Files files;
  std::string many;
  for (int i = 0; i < 500; ++i)
    many += get(fmt::format("x{}", i), 1000 - i % 100) + ok(fmt::format("x{}", i), 2000 + i);
  const std::vector<fs::path> input{files.write("a", many), files.write("b", warc("c", "x"))};
  const Imported once = import(input);
  CHECK(once.result.written == 501);
  CHECK(import(input, {.workers = 4}).tape == once.tape);
  CHECK(import(input, {.sort_memory = 30'000}).tape == once.tape);
  CHECK(import({input[1], input[0]}).tape != once.tape);
}

TEST_CASE("Import: what is skipped stands on the tape, as a fact or as a loss") {
  Files files;
  const auto replayed =
      import({files.write("a", get("a", 1) + gor(3, "a", 2, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"))});
  CHECK(replayed.result.skipped == format::Skipped{{"replayed_response", 1}});
  CHECK_FALSE(replayed.result.damaged);
  const auto broken = import({files.write("b", get("a", 1) + "garbage\n🐵🙈🙉\n" + get("b", 2))});
  CHECK(broken.result.skipped == format::Skipped{{"no_record_header", 1}});
  CHECK(broken.result.damaged);
  auto reader = open_bytes(broken.tape);
  const auto summary = reader.summary();
  REQUIRE(summary.has_value());
  REQUIRE(summary->losses.contains("import_skipped"));
  CHECK(summary->losses.at("import_skipped").exchanges == 1);
}

TEST_CASE("Import: a cut-off gzip gives what it has") {
  Files files;
  std::string many;
  for (int i = 0; i < 2000; ++i) many += get(fmt::format("x{}", i * 7919), i);
  const std::string whole = coded("gzip", many);
  const auto imported = import({files.write("a", whole.substr(0, whole.size() / 2))});
  CHECK(imported.error.empty());
  CHECK(imported.result.written > 100);
  CHECK(imported.result.damaged);
  REQUIRE(imported.result.remarks.size() == 1);
  CHECK(imported.result.remarks[0].find("cut off") != std::string::npos);
}

/// Ten exchanges in a gzip member: /from to /(from + 9).
std::string gor_member(int from) {
  std::string text;
  for (int i = from; i < from + 10; ++i) text += get(fmt::format("{}", i), i) + ok(fmt::format("{}", i), i);
  return coded("gzip", text);
}
std::string spoilt(std::string member) {
  for (std::size_t at = member.size() / 2; at < member.size() / 2 + 5; ++at)
    member[at] = static_cast<char>(~member[at]);
  return member;
}

TEST_CASE("Import: a broken gzip member of a .gor costs no other") {
  Files files;
  const auto imported = import({files.write("a", gor_member(100) + spoilt(gor_member(200)) + gor_member(300)),
                                files.write("b", gor_member(400))});
  CHECK(imported.error.empty());
  const std::vector<std::string> all = targets(imported);
  for (int i = 0; i < 10; ++i) {
    for (const int from : {100, 300, 400}) {
      const std::string target = fmt::format("/{}", from + i);
      CAPTURE(target);
      CHECK(std::count(all.begin(), all.end(), target) == 1);
    }
  }
  CHECK(imported.result.damaged);
  CHECK(imported.result.unread_bytes > 20);
  CHECK(imported.result.unread_bytes <= gor_member(200).size());
  REQUIRE(imported.result.remarks.size() == 1);
  CHECK(imported.result.remarks[0].find("/a: its compressed data are broken (") != std::string::npos);
  auto reader = open_bytes(imported.tape);
  CHECK(reader.summary()->losses.at("import_skipped").bytes == imported.result.unread_bytes);
}

TEST_CASE("Import: a broken gzip member of a WARC costs no other, and partners on both sides of it still meet") {
  Files files;
  const std::string fields = "WARC-Date: 1970-01-01T00:00:05Z\r\nWARC-Target-URI: http://h/x\r\n";
  const std::string head = "GET /x HTTP/1.1\r\nHost: h\r\nCookie: a=1\r\n\r\n";
  const std::string request =
      fmt::format("WARC/1.0\r\nWARC-Type: request\r\nWARC-Record-ID: <urn:1>\r\n{}Content-Length: {}\r\n\r\n{}\r\n\r\n",
                  fields, head.size(), head);
  std::string response = warc("x", "answer");
  response.replace(response.find("WARC-Date"), 0, "WARC-Concurrent-To: <urn:1>\r\n");
  const auto imported = import({files.write("a", coded("gzip", request) + spoilt(coded("gzip", warc("y", "lost"))) +
                                                     coded("gzip", response) + coded("gzip", warc("z", "z")))});
  std::set<std::string> found;
  for (const http::Exchange& e : imported.exchanges) {
    const std::string_view target = http::request_line_of(e.request.head).target;
    found.emplace(target);
    if (target != "/x") continue;
    CHECK(e.request.head == head);
    CHECK(e.response.body.bytes == "answer");
  }
  CHECK(found.contains("/x"));
  CHECK(found.contains("/z"));
  CHECK(imported.result.damaged);
  CHECK(imported.result.unread_bytes > 0);
}

TEST_CASE("Import: a file whose first gzip member is broken is told by the next") {
  Files files;
  const auto imported =
      import({files.write("a", spoilt(gor_member(100)).replace(10, 20, 20, '\xff') + gor_member(200))});
  CHECK(imported.error.empty());
  CHECK(imported.result.written == 10);
  CHECK(imported.result.damaged);
}

TEST_CASE("Import: connections of several files have numbers of their own, and each is one for its exchanges") {
  Files files;
  const auto har = [](int first) {
    std::string entries;
    for (int i = first; i < first + 2; ++i) {
      entries += fmt::format(
          R"({}{{"startedDateTime":"1970-01-01T00:00:0{}Z","connection":"7","request":{{"method":"GET","url":"http://h/{}","headers":[]}}}})",
          entries.empty() ? "" : ",", i, i);
    }
    return R"({"log":{"entries":[)" + entries + "]}}";
  };
  const auto imported = import({files.write("1", har(1)), files.write("2", har(3)), files.write("3", warc("w", "x"))});
  REQUIRE(imported.exchanges.size() == 5);
  std::map<std::string, std::uint64_t> connection_of;
  for (const http::Exchange& e : imported.exchanges)
    connection_of[std::string(http::request_line_of(e.request.head).target)] = e.connection->number;
  CHECK(connection_of == std::map<std::string, std::uint64_t>{{"/1", 1}, {"/2", 1}, {"/3", 2}, {"/4", 2}, {"/w", 3}});
}

TEST_CASE("Import: valid but empty makes an empty tape") {
  Files files;
  const auto imported =
      import({files.write("a", "WARC/1.0\r\nWARC-Type: warcinfo\r\nContent-Length: 0\r\n\r\n\r\n\r\n")});
  CHECK(imported.error.empty());
  CHECK(imported.result.written == 0);
  CHECK_FALSE(imported.tape.empty());
  CHECK_FALSE(imported.result.damaged);
}

TEST_CASE("Import: where nothing can be read there is no tape, and one line says why") {
  Files files;
  for (const auto& [file_name, bytes] :
       std::vector<std::pair<std::string, std::string>>{{"empty", ""},
                                                        {"garbage", "no recording of any kind"},
                                                        {"binary", std::string(5000, '\x01')},
                                                        {"line", std::string(100'000, 'x')},
                                                        {"gzip-of-garbage", coded("gzip", "garbage")},
                                                        {"broken-gzip", std::string("\x1f\x8b") + "garbage"},
                                                        {"only-a-header", "1 a 5 0\n"},
                                                        {"no-har", R"({"log":[1]"x"})"},
                                                        {"not-http", gor(1, "a", 5, "\x16\x03\x01")}}) {
    const std::string& name = file_name;  // clang 14 captures no structured binding
    CAPTURE(name);
    const auto imported = import({files.write(name, bytes)});
    CHECK(imported.error.find(name) != std::string::npos);
    CHECK(imported.error.find('\n') == std::string::npos);
    CHECK(imported.tape.empty());
  }
  CHECK(import({"/absent/file"}).error.find("/absent/file") != std::string::npos);
}

TEST_CASE("Import: one file that cannot be read spoils no other") {
  Files files;
  const auto imported = import({files.write("bad", "garbage"), files.write("good", get("a", 1))});
  CHECK(imported.error.empty());
  CHECK(imported.result.written == 1);
  CHECK(imported.result.damaged);
  CHECK(imported.result.remarks.size() == 1);
}

TEST_CASE("Import: stopped, it writes what it has read") {
  Files files;
  std::string many;
  for (int i = 0; i < 5000; ++i) many += get(fmt::format("x{}", i), i);
  std::stop_source stop;
  const auto bytes = std::make_shared<std::string>();
  format::ImportOptions options;
  options.files = {files.write("a", many), files.write("b", get("b", 1))};
  options.create_sink = [&]() -> Result<std::unique_ptr<format::ByteSink>> {
    return std::make_unique<MemorySink>(bytes);
  };
  options.stop = stop.get_token();
  options.progress = [&](std::uint64_t) { stop.request_stop(); };
  const auto result = format::import_files(options);
  REQUIRE(result.has_value());
  CHECK(result->partial);
  CHECK(result->written == 4096);
}

}  // namespace
}  // namespace tapedeck::test
