#include "format/foreign/har_exporter.hpp"

#include "base/json_writer.hpp"
#include "format/foreign/har_write.hpp"

namespace tapedeck::format {
namespace {

std::string beginning(std::string_view tool_version) {
  JsonWriter creator;
  creator.begin_object();
  creator.field("name", std::string_view("tapedeck"));
  creator.field("version", tool_version);
  creator.end_object();
  return R"({"log":{"version":"1.2","creator":)" + creator.take() + R"(,"entries":[)";
}

class HarExporter final : public Exporter {
 public:
  HarExporter(ByteSink& to, std::string_view tool_version) : x_to(to), x_before(beginning(tool_version) + "\n") {}

  /// Bodies are loaded after all: a document of JSON holds them escaped or as base64.
  Result<void> add_stored(StoredExchange stored, const ReadBody& read) override {
    for (const BodyRef& body : stored.left) {
      if (body.length > kMaxLoadedBody) ++x_skipped["body_too_large"];
    }
    const auto whole = load_left(std::move(stored), read);
    return whole ? add_whole(*whole) : whole.error();
  }

  Result<void> finish() override { return write((x_written == 0 ? x_before : "\n") + "]}}\n"); }
  std::uint64_t written() const override { return x_written; }
  const Skipped& skipped() const override { return x_skipped; }

 private:
  Result<void> add_whole(const http::Exchange& exchange) {
    if (!exchange.has_request()) {
      ++x_skipped["response_alone"];
      return {};
    }
    JsonWriter json;
    write_har_entry(json, exchange);
    if (auto done = write(x_before + json.text()); !done) return done;
    x_before = ",\n";
    ++x_written;
    if (!exchange.request.trailers.empty() || !exchange.response.trailers.empty()) ++x_skipped["trailers"];
    if (!exchange.interim.empty()) x_skipped["interim_response"] += exchange.interim.size();
    return {};
  }

  Result<void> write(std::string_view text) {
    const ConstBytes piece = as_bytes(text);
    return x_to.append({&piece, 1});
  }

  ByteSink& x_to;
  std::string x_before;  // what stands before the next entry
  std::uint64_t x_written = 0;
  Skipped x_skipped;
};

}  // namespace

std::unique_ptr<Exporter> make_har_exporter(ByteSink& to, std::string_view tool_version) {
  return std::make_unique<HarExporter>(to, tool_version);
}

}  // namespace tapedeck::format
