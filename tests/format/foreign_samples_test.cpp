#include <algorithm>
#include <map>

#include <doctest/doctest.h>
#include <fmt/format.h>

#include "format/foreign/gor_exporter.hpp"
#include "format/foreign/gor_format.hpp"
#include "format/foreign/import.hpp"
#include "tests/format/foreign_fixture.hpp"
#include "tests/format/tape_fixture.hpp"
#include "tests/support/temp_directory.hpp"

// Files that GoReplay and web archives wrote.
namespace tapedeck::test {
namespace {

namespace fs = std::filesystem;

struct Imported {
  format::ImportResult result;
  std::string tape;
  std::vector<http::Exchange> exchanges;
};

Imported import(const std::vector<fs::path>& files) {
  const TempDirectory spills;
  const auto bytes = std::make_shared<std::string>();
  format::ImportOptions options;
  options.files = files;
  options.spill_directory = spills.path();
  options.create_sink = [&]() -> Result<std::unique_ptr<format::ByteSink>> {
    return std::make_unique<MemorySink>(bytes);
  };
  auto result = format::import_files(options);
  REQUIRE_MESSAGE(result.has_value(), (result ? std::string() : result.error().message));
  auto reader = open_bytes(*bytes);
  return {std::move(*result), *bytes, read_all(reader)};
}

struct Expected {
  std::string_view file;
  std::uint64_t exchanges = 0;
  std::uint64_t answered = 0;
  format::Skipped skipped = {};
  bool damaged = false;
};

void check_files(const fs::path& folder, const std::vector<Expected>& table) {
  std::string printed;
  for (const Expected& expected : table) {
    CAPTURE(expected.file);
    const Imported imported = import({folder / expected.file});
    const auto answered = std::count_if(imported.exchanges.begin(), imported.exchanges.end(),
                                        [](const http::Exchange& e) { return e.has_response(); });
    CHECK(imported.result.written == expected.exchanges);
    CHECK(imported.exchanges.size() == expected.exchanges);
    CHECK(static_cast<std::uint64_t>(answered) == expected.answered);
    CHECK(imported.result.skipped == expected.skipped);
    CHECK(imported.result.damaged == expected.damaged);
    printed +=
        fmt::format("\n  {:<42} {:>4} exchanges, {:>3} answered", expected.file, imported.exchanges.size(), answered);
    for (const auto& [reason, count] : imported.result.skipped) printed += fmt::format(", {} {}", reason, count);
  }
  MESSAGE(printed);
}

TEST_CASE("All .gor samples are imported whole") {
  const fs::path folder = foreign_data("gor");
  if (folder.empty()) return;
  check_files(folder, {{"requests_0.gor", 256, 0},
                       {"requests_1.gor", 256, 0},
                       {"with-responses.gor", 310, 290},
                       {"edge-cases.gor.gz", 150, 150},
                       {"posts.gor.gz", 150, 0}});
  CHECK(import({folder / "requests_0.gor", folder / "requests_1.gor"}).exchanges.size() == 512);
}

TEST_CASE("All WARC samples are imported, and what is broken in them is told") {
  const fs::path folder = foreign_data("warc");
  if (folder.empty()) return;
  check_files(
      folder,
      {// One gzip member around all records, which is legal to us. The requests lack their empty line.
       {"warcio-example-bad.warc.gz.bad", 3, 3, {{"warcinfo", 1}}},
       {"warcio-example-iana.org-chunked.warc", 1, 1, {{"warcinfo", 1}}},
       {"warcio-example-resource.warc.gz", 0, 0, {{"resource", 1}, {"warcinfo", 2}}},
       // Its response lacks bytes in the middle of the file: shorter than it says.
       {"warcio-example-trunc.warc", 1, 1, {{"bad_block_digest", 1}, {"no_record_head", 1}, {"warcinfo", 2}}, true},
       // A member around two records; the response was edited after its digest was taken.
       {"warcio-example-wrong-chunks.warc.gz", 1, 1, {{"bad_block_digest", 1}}, true},
       {"warcio-example.warc", 2, 2, {{"warcinfo", 2}}},
       {"warcio-example.warc.gz", 2, 2, {{"warcinfo", 2}}}});
}

TEST_CASE("A revisit in a WARC sample has the body of the record that it refers to") {
  const fs::path folder = foreign_data("warc");
  if (folder.empty()) return;
  for (const auto* file : {"warcio-example.warc", "warcio-example.warc.gz"}) {
    const auto exchanges = import({folder / file}).exchanges;
    REQUIRE(exchanges.size() == 2);
    CHECK(exchanges[0].response.body.bytes.size() == 606);
    CHECK(exchanges[1].response.body.bytes == exchanges[0].response.body.bytes);
  }
}

TEST_CASE("All HAR samples are imported through the same door") {
  const fs::path folder = foreign_data("har");
  if (folder.empty()) return;
  std::vector<fs::path> files;
  for (const auto& entry : fs::directory_iterator(folder)) {
    if (entry.path().filename() != "mitmproxy-BROKEN.har") files.push_back(entry.path());
  }
  std::sort(files.begin(), files.end());
  std::uint64_t one_by_one = 0;
  for (const fs::path& file : files) {
    CAPTURE(file);
    one_by_one += import({file}).result.written;
  }
  CHECK(one_by_one == 49);
  CHECK(import(files).result.written == one_by_one);
}

/// What a .gor file says, but for its ids: type, first and last byte, raw message; how often.
std::map<std::string, int> records_of(std::string_view gor) {
  std::map<std::string, int> records;
  while (!gor.empty()) {
    const std::size_t end = gor.find(format::kGorSeparator);
    REQUIRE(end != gor.npos);
    const std::string_view record = gor.substr(0, end);
    gor.remove_prefix(end + format::kGorSeparator.size());
    const auto header = format::parse_gor_header(record.substr(0, record.find('\n')));
    REQUIRE(header.has_value());
    ++records[fmt::format("{} {} {}\n{}", static_cast<char>(header->type), to_ns(header->first), to_ns(header->last),
                          record.substr(record.find('\n') + 1))];
  }
  return records;
}

TEST_CASE("From .gor to a tape and back, every byte of every message and every time is kept") {
  const fs::path folder = foreign_data("gor");
  if (folder.empty()) return;
  for (const auto* file :
       {"requests_0.gor", "requests_1.gor", "with-responses.gor", "edge-cases.gor.gz", "posts.gor.gz"}) {
    CAPTURE(file);
    auto stored = format::open_stream(folder / file).value();
    auto clear = format::decompressed_stream(std::move(stored)).value();
    const std::string source = format::read_up_to(*clear, 1u << 24).value();
    const auto bytes = std::make_shared<std::string>();
    MemorySink sink(bytes);
    const auto exporter = format::make_gor_exporter(sink, format::Compression::none);
    for (const http::Exchange& e : import({folder / file}).exchanges) REQUIRE(exporter->add(e).has_value());
    REQUIRE(exporter->finish().has_value());
    CHECK(exporter->skipped().empty());
    CHECK(records_of(*bytes) == records_of(source));
  }
}

}  // namespace
}  // namespace tapedeck::test
