#include "replay/report.hpp"

#include <filesystem>
#include <fstream>
#include <sstream>

#include <doctest/doctest.h>

#include "tests/replay/sample_result.hpp"

using namespace tapedeck;
using namespace tapedeck::replay;

namespace {

std::size_t occurrences(std::string_view text, std::string_view what) {
  std::size_t n = 0;
  for (std::size_t at = text.find(what); at != std::string_view::npos; at = text.find(what, at + what.size())) ++n;
  return n;
}

/// A result whose values try to leave the place they are put in.
ReplayResult hostile() {
  ReplayResult r;
  const std::string evil = R"(</script><script>alert(1)</script><img src=x onerror=alert(2)>{{script}}<!--)";
  add_sample_pair(r.comparison, sample_exchange(1, "/" + evil, 200, "{\"a\":\"" + std::string("one") + "\"}"),
                  sample_exchange(1, "/", 200, R"({"a":"</script><script>alert(3)</script> | `x` <b>\u0000"})"));
  r.warnings = {evil};
  r.target = evil;
  r.tapes = {evil};
  r.conclusion = diff::conclude(r.comparison, {});
  return r;
}

struct Folder {
  std::filesystem::path path =
      std::filesystem::temp_directory_path() / ("tapedeck-report-" + std::to_string(::getpid()));
  Folder() { std::filesystem::create_directory(path); }
  ~Folder() { std::filesystem::remove_all(path); }
};

std::string content_of(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  std::ostringstream out;
  out << in.rdbuf();
  return out.str();
}

}  // namespace

TEST_CASE("the page is one file that may load nothing") {
  const std::string page = html_report(sample_result());
  CHECK(page.find("default-src 'none'; script-src 'sha256-") != std::string::npos);
  CHECK(page.find("'unsafe-inline'") == std::string::npos);
  CHECK(page.find(" src=") == std::string::npos);
  CHECK(page.find("<link") == std::string::npos);
  CHECK(page.find("@import") == std::string::npos);
  CHECK(page.size() < 500'000);
}

TEST_CASE("every placeholder of the page is filled") {
  const std::string page = html_report(sample_result());
  for (const char* name : {"{{policy}}", "{{style}}", "{{chart}}", "{{data}}", "{{script}}"})
    CHECK(page.find(name) == std::string::npos);
  CHECK(page.find("Chart.js v") != std::string::npos);
}

TEST_CASE("values cannot leave the data they stand in") {
  const std::string page = html_report(hostile());
  CHECK(occurrences(page, "</script>") == 3);  // Chart.js, the data, the page's own
  CHECK(page.find("alert(1)</script>") == std::string::npos);
  CHECK(page.find("<img") == std::string::npos);
}

TEST_CASE("the page's own script writes text only") {
  const std::string page = html_report(sample_result());
  const std::string script = page.substr(page.rfind("<script>"));
  for (const char* sink : {"innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval(", "Function(",
                           "fetch(", "XMLHttpRequest"}) {
    CAPTURE(sink);
    CHECK(script.find(sink) == std::string::npos);
  }
}

TEST_CASE("equal results give equal pages") { CHECK(html_report(sample_result()) == html_report(sample_result())); }

TEST_CASE("Markdown says the verdict, what differs, and stays small") {
  const std::string text = markdown_report(sample_result());
  CHECK(text.starts_with("## tapedeck: UNSAFE\n"));
  CHECK(text.find("body:/items/\\*/price number -> string") != std::string::npos);
  CHECK(text.find("| `GET /orders/1000` | `19.90` | `\"19.90\"` |") != std::string::npos);
  CHECK(text.find("Skipped: method 104, upgrade 4.") != std::string::npos);
  CHECK(text.size() < 60'000);
}

TEST_CASE("Markdown of hostile values holds no HTML and keeps its table") {
  const std::string text = markdown_report(hostile());
  CHECK(text.find("\n<") == std::string::npos);
  for (std::size_t at = text.find('<'); at != std::string::npos; at = text.find('<', at + 1)) {
    const std::size_t line = text.rfind('\n', at);
    const std::size_t ticks = occurrences(std::string_view(text).substr(line, at - line), "`");
    CHECK((text[at - 1] == '\\' || ticks % 2 == 1));  // escaped, or in a code span
  }
}

TEST_CASE("a late generator is said before the verdict") {
  ReplayResult r = sample_result();
  r.valid = false;
  const std::string text = markdown_report(r);
  CHECK(text.find("generator itself was late") < text.find("## tapedeck"));
}

TEST_CASE("a comparison of two tapes has a page and a Markdown of its own") {
  TapeDiffResult r;
  r.comparison = sample_comparison(100);
  r.conclusion = diff::conclude(r.comparison, {});
  r.primary = "old.tape";
  r.candidate = "new.tape";
  CHECK(html_report(r).find(R"("kind":"diff")") != std::string::npos);
  CHECK(markdown_report(r).find("A is `old.tape`, B is `new.tape`.") != std::string::npos);
}

TEST_CASE("the extension says the format; another one is refused") {
  const Folder folder;
  REQUIRE(write_report(sample_result(), folder.path / "a.md").has_value());
  REQUIRE(write_report(sample_result(), folder.path / "a.html").has_value());
  CHECK(content_of(folder.path / "a.md").starts_with("## tapedeck"));
  CHECK(content_of(folder.path / "a.html").starts_with("<!DOCTYPE html>"));
  const auto refused = write_report(sample_result(), folder.path / "a.pdf");
  REQUIRE(refused.has_error());
  CHECK(refused.error().message.find(".html or .md") != std::string::npos);
}

TEST_CASE("a file is replaced at once, and nothing is left beside it") {
  const Folder folder;
  REQUIRE(write_whole_file(folder.path / "r.json", "one").has_value());
  REQUIRE(write_whole_file(folder.path / "r.json", "two").has_value());
  CHECK(content_of(folder.path / "r.json") == "two");
  CHECK(std::distance(std::filesystem::directory_iterator(folder.path), {}) == 1);
}

TEST_CASE("a file that cannot be written is an error that names it") {
  const auto result = write_whole_file("/no/such/folder/r.json", "x");
  REQUIRE(result.has_error());
  CHECK(result.error().message.find("/no/such/folder/r.json") != std::string::npos);
}
