#include "format/foreign/curl_exporter.hpp"

#include <functional>
#include <utility>

#include <fmt/format.h>

#include "base/new_file.hpp"
#include "base/quantity.hpp"
#include "base/text.hpp"
#include "format/foreign/curl_command.hpp"
#include "format/foreign/wire_form.hpp"

namespace tapedeck::format {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kScript = R"(#!/bin/sh
# Requests of a tape, a command each, in the order of their first bytes. They carry what was recorded, cookies and
# tokens too.
#   sh THIS-FILE        sends each to the host that it was recorded for
#   sh THIS-FILE URL    sends all of them to URL, e.g. http://staging:9000, with the Host fields as recorded
# Prints status and URL of each. Ends with 1 if a request got no answer.
target=${1:-}
target=${target%/}
bodies=$(dirname -- "$0")/NAME
failed=0
request() {
  curl -sS -g --path-as-is -o /dev/null -w '%{http_code} %{url_effective}\n' "$@" || failed=1
}

)";

/// The folder of the bodies, made when the first one comes.
class BodyFolder {
 public:
  explicit BodyFolder(fs::path path) : x_path(std::move(path)) {}
  BodyFolder(const BodyFolder&) = delete;
  BodyFolder& operator=(const BodyFolder&) = delete;
  ~BodyFolder() {
    std::error_code ignored;
    if (x_kept) return;
    for (std::uint64_t n = 1; n <= x_count; ++n) fs::remove(x_path / name_of(n), ignored);
    if (x_made) fs::remove(x_path, ignored);
  }

  /// The file's name.
  Result<std::string> add(const std::function<Result<void>(NewFile&)>& write) {
    std::error_code problem;
    if (x_count == 0) x_made = fs::create_directories(x_path, problem);
    if (problem) return make_error(fmt::format("cannot make {}: {}", x_path.string(), problem.message()));
    auto file = NewFile::create(x_path / name_of(x_count + 1), ReadableBy::owner);
    if (!file) return file.error();
    if (const auto written = write(*file); !written) return written.error();
    if (const auto placed = file->place(Durable::no); !placed) return placed.error();
    return name_of(++x_count);
  }
  void keep() { x_kept = true; }

 private:
  static std::string name_of(std::uint64_t n) { return fmt::format("{:06}", n); }

  fs::path x_path;
  std::uint64_t x_count = 0;
  bool x_made = false;
  bool x_kept = false;
};

std::string beginning(const fs::path& bodies) {
  std::string script(kScript);
  const std::string_view mark = "NAME";
  return script.replace(script.find(mark), mark.size(), shell_quoted(bodies.filename().string()));
}

/// Why the request is not what was sent.
std::string_view lack_of(const http::Exchange& exchange) {
  return exchange.has_request() ? why_body_not_whole(exchange, http::Side::request) : "response_alone";
}

class CurlExporter final : public Exporter {
 public:
  CurlExporter(ByteSink& to, const fs::path& bodies) : x_to(to), x_bodies(bodies), x_before(beginning(bodies)) {}

  Result<void> add_stored(StoredExchange stored, const ReadBody& read) override {
    const BodyRef& left = stored.left_of(http::Side::request);
    const std::string& body = stored.exchange.request.body.bytes;
    return add_request(stored.exchange, left || !body.empty(), [&](NewFile& file) {
      return left ? read(left, [&file](std::string_view piece) { return file.write(piece); }) : file.write(body);
    });
  }

  Result<void> finish() override {
    x_bodies.keep();
    return write("exit $failed\n");
  }
  std::uint64_t written() const override { return x_written; }
  const Skipped& skipped() const override { return x_skipped; }

 private:
  Result<void> add_request(const http::Exchange& exchange, bool has_body,
                           const std::function<Result<void>(NewFile&)>& write_body) {
    if (const std::string_view lack = lack_of(exchange); !lack.empty()) return skip(lack);
    const CurlRequest request = curl_request(exchange);
    if (!request.problem.empty()) return skip(request.problem);
    std::string data;
    if (has_body) {
      const auto name = x_bodies.add(write_body);
      if (!name) return name.error();
      data = fmt::format(" --data-binary @\"$bodies\"/{}", *name);
    }
    ++x_written;
    if (request.fields_refused > 0) x_skipped["field_refused"] += request.fields_refused;
    if (!exchange.request.trailers.empty()) ++x_skipped["trailers"];
    return write(fmt::format("# {} {}\nrequest{}{} ${{target:-{}}}{}\n", http::to_string(exchange.id),
                             format_time(exchange.request.first), request.options, data, shell_quoted(request.origin),
                             shell_quoted(request.target)));
  }

  Result<void> skip(std::string_view reason) {
    ++x_skipped[std::string(reason)];
    return {};
  }

  Result<void> write(std::string_view text) {
    const std::string all = std::exchange(x_before, {}) + std::string(text);
    const ConstBytes piece = as_bytes(all);
    return x_to.append({&piece, 1});
  }

  ByteSink& x_to;
  BodyFolder x_bodies;
  std::string x_before;
  std::uint64_t x_written = 0;
  Skipped x_skipped;
};

}  // namespace

Result<std::unique_ptr<Exporter>> make_curl_exporter(ByteSink& to, const fs::path& script, Overwrite overwrite) {
  fs::path bodies = script;
  bodies += ".bodies";
  std::error_code problem;
  if (fs::exists(bodies, problem) && !(fs::is_directory(bodies, problem) && fs::is_empty(bodies, problem)) &&
      overwrite == Overwrite::refuse)
    return make_error(bodies.string() + " exists and is not empty: choose another name, or --force to write into it");
  return std::unique_ptr<Exporter>(std::make_unique<CurlExporter>(to, bodies));
}

}  // namespace tapedeck::format
