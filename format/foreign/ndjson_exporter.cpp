#include "format/foreign/ndjson_exporter.hpp"

#include "format/exchange_json.hpp"

namespace tapedeck::format {
namespace {

class NdjsonExporter final : public Exporter {
 public:
  explicit NdjsonExporter(ByteSink& to) : x_to(to) {}

  Result<void> add_stored(StoredExchange stored, const ReadBody& read) override {
    const auto write = [this](std::string_view text) {
      const ConstBytes piece = as_bytes(text);
      return x_to.append({&piece, 1});
    };
    if (auto done = write_stored(stored, JsonDetail::full, read, write); !done) return done;
    ++x_written;
    return write("\n");
  }

  Result<void> finish() override { return {}; }
  std::uint64_t written() const override { return x_written; }
  const Skipped& skipped() const override { return x_skipped; }

 private:
  ByteSink& x_to;
  std::uint64_t x_written = 0;
  Skipped x_skipped;
};

}  // namespace

std::unique_ptr<Exporter> make_ndjson_exporter(ByteSink& to) { return std::make_unique<NdjsonExporter>(to); }

}  // namespace tapedeck::format
