#include "replay/recorded_source.hpp"

#include <algorithm>
#include <utility>

namespace tapedeck::replay {
namespace {

/// One tape and its next exchange.
struct Tape {
  format::TapeReader reader;
  std::optional<format::Cursor> cursor;
  std::optional<http::Exchange> front;

  Result<void> advance() {
    auto next = cursor->next();
    if (!next) return next.error();
    front = std::move(*next);
    return {};
  }
};

Time start_of(const http::Exchange& exchange) {
  return exchange.has_request() ? exchange.request.first : exchange.response.first;
}

class Tapes final : public RecordedSource {
 public:
  void add(format::TapeReader reader) { x_tapes.push_back({std::move(reader), std::nullopt, std::nullopt}); }

  void rewind(format::Bodies bodies, format::TimeRange range) override {
    for (Tape& tape : x_tapes) {
      tape.front.reset();
      tape.cursor.emplace(tape.reader.in_time_order(range, bodies));
    }
    x_primed = false;
  }

  Result<std::optional<http::Exchange>> next() override {
    if (!x_primed) {
      for (Tape& tape : x_tapes) {
        if (auto done = tape.advance(); !done) return done.error();
      }
      x_primed = true;
    }
    Tape* earliest = nullptr;
    for (Tape& tape : x_tapes) {
      if (tape.front && (earliest == nullptr || start_of(*tape.front) < start_of(*earliest->front))) earliest = &tape;
    }
    if (earliest == nullptr) return std::optional<http::Exchange>{};
    std::optional<http::Exchange> taken = std::exchange(earliest->front, std::nullopt);
    if (auto done = earliest->advance(); !done) return done.error();
    return taken;
  }

  format::DamageReport damage() const override {
    format::DamageReport sum = x_tapes.front().reader.damage();
    for (std::size_t i = 1; i < x_tapes.size(); ++i) add_to(sum, x_tapes[i].reader.damage());
    return sum;
  }

 private:
  static void add_to(format::DamageReport& sum, const format::DamageReport& more) {
    sum.bytes += more.bytes;
    sum.damaged.insert(sum.damaged.end(), more.damaged.begin(), more.damaged.end());
    sum.segments.insert(sum.segments.end(), more.segments.begin(), more.segments.end());
    sum.records += more.records;
    sum.missing += more.missing;
    sum.stale += more.stale;
    sum.skipped += more.skipped;
    sum.kept += more.kept;
    sum.lost += more.lost;
    for (const auto& [kind, count] : more.degraded) sum.degraded[kind] += count;
    sum.completions_lost += more.completions_lost;
    sum.incomplete_bytes += more.incomplete_bytes;
    sum.covered_until = std::max(sum.covered_until, more.covered_until);
    sum.tail_unknown = sum.tail_unknown || more.tail_unknown;
  }

  std::vector<Tape> x_tapes;  // not changed after the first rewind: cursors point to their readers
  bool x_primed = false;
};

}  // namespace

Result<std::vector<format::TapeReader>> open_tapes(const std::vector<std::filesystem::path>& paths,
                                                   const format::ReadOptions& options) {
  if (paths.empty()) return make_error("no tape to replay; name one or more: tapedeck replay prod.tape --target URL");
  std::vector<format::TapeReader> tapes;
  for (const auto& path : paths) {
    auto reader = format::TapeReader::open(path, options);
    if (!reader) return reader.error();
    tapes.push_back(std::move(*reader));
  }
  return tapes;
}

std::unique_ptr<RecordedSource> merge_tapes(std::vector<format::TapeReader> tapes) {
  auto merged = std::make_unique<Tapes>();
  for (format::TapeReader& tape : tapes) merged->add(std::move(tape));
  return merged;
}

}  // namespace tapedeck::replay
