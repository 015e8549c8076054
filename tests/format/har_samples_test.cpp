// HAR files that browsers and other tools wrote.
#include <fstream>
#include <map>
#include <sstream>

#include "tests/format/har_fixture.hpp"

using namespace tapedeck;
using namespace tapedeck::test;
namespace fs = std::filesystem;

namespace {

std::string file(const fs::path& path) {
  std::ostringstream text;
  text << std::ifstream(path, std::ios::binary).rdbuf();
  return text.str();
}

struct Expected {
  std::size_t exchanges = 0;
  std::size_t answered = 0;
  std::size_t bodies = 0;  // kept, of either side
  format::Skipped skipped;
};

const std::map<std::string, Expected> kFiles{
    {"har-to-k6-api.har", {1, 0, 1, {}}},
    {"har-to-k6-form.har", {3, 0, 3, {}}},
    {"har-to-k6-full.har", {8, 0, 3, {}}},
    {"har-to-k6-params.har", {2, 0, 1, {}}},
    {"har-to-k6-postDataConflict.har", {1, 0, 1, {}}},
    {"har-to-k6-query.har", {1, 0, 0, {}}},
    {"har-to-k6-sleep.har", {5, 0, 0, {}}},
    {"mitmproxy-charles.har", {1, 1, 1, {}}},
    {"mitmproxy-chrome.har", {3, 2, 1, {{"body_not_sent", 1}}}},
    {"mitmproxy-firefox.har", {14, 14, 5, {{"body_not_sent", 4}}}},
    {"mitmproxy-flow-corrupted_gzip_body.har", {1, 1, 1, {}}},
    {"mitmproxy-flow-error_log.har", {2, 1, 2, {}}},
    {"mitmproxy-flow-event_stream.har", {2, 2, 0, {}}},
    {"mitmproxy-flow-successful_log.har", {2, 2, 3, {}}},
    {"mitmproxy-head-content-length.har", {1, 1, 0, {}}},
    {"mitmproxy-postdata.har", {1, 1, 1, {}}},
    {"mitmproxy-with-bom.har", {1, 1, 1, {}}},
};

}  // namespace

TEST_CASE("HAR files of browsers and tools import as they should") {
  const fs::path folder = foreign_data("har");
  if (folder.empty()) return;
  std::size_t seen = 0;
  for (const auto& entry : fs::directory_iterator(folder)) {
    const std::string name = entry.path().filename().string();
    CAPTURE(name);
    const ReadForeign read = import_har(file(entry.path()));
    if (name == "mitmproxy-BROKEN.har") {
      CHECK(read.error.find("not a whole HAR") != std::string::npos);
      CHECK(read.exchanges.empty());
      continue;
    }
    CHECK(read.error.empty());
    const auto expected = kFiles.find(name);
    if (expected == kFiles.end()) continue;  // a file that is new there
    ++seen;
    Expected found{read.exchanges.size(), 0, 0, read.skipped};
    for (const auto& e : read.exchanges) {
      found.answered += e.has_response() ? 1 : 0;
      found.bodies += (e.request.body.state == http::BodyState::kept ? 1 : 0) +
                      (e.response.body.state == http::BodyState::kept ? 1 : 0);
    }
    CHECK(found.exchanges == expected->second.exchanges);
    CHECK(found.answered == expected->second.answered);
    CHECK(found.bodies == expected->second.bodies);
    CHECK(found.skipped == expected->second.skipped);
  }
  CHECK(seen == kFiles.size());
}

TEST_CASE("HAR to exchanges to HAR to exchanges keeps every byte, time and connection") {
  const fs::path folder = foreign_data("har");
  if (folder.empty()) return;
  for (const auto& entry : fs::directory_iterator(folder)) {
    const std::string name = entry.path().filename().string();
    CAPTURE(name);
    const ReadForeign first = import_har(file(entry.path()));
    const ReadForeign second = import_har(export_har(first.exchanges).document);
    CHECK(second.error.empty());
    CHECK(second.skipped.empty());
    REQUIRE(second.exchanges.size() == first.exchanges.size());
    for (std::size_t i = 0; i < first.exchanges.size(); ++i) {
      CAPTURE(i);
      const http::Exchange& a = first.exchanges[i];
      const http::Exchange& b = second.exchanges[i];
      CHECK(a.request == b.request);
      CHECK(a.response == b.response);
      CHECK(a.status == b.status);
      CHECK(a.flags == b.flags);
    }
  }
}
