#include "format/foreign/exchange_sorter.hpp"

#include <algorithm>
#include <numeric>
#include <utility>

#include "format/chunk_builder.hpp"
#include "format/format_error.hpp"
#include "format/spill_file.hpp"
#include "format/tape_reader.hpp"

namespace tapedeck::format {
namespace {

constexpr std::size_t kMergedAtOnce = 64;
constexpr std::size_t kMostHeld = 4'000'000;

std::uint64_t memory_of(const http::Message& message) {
  return message.head.capacity() + message.trailers.capacity() + message.body.bytes.capacity();
}

std::uint64_t memory_of(const http::Exchange& exchange) {
  std::uint64_t bytes = sizeof(http::Exchange) + sizeof(http::Connection) + 64;  // strings' and shared blocks' headers
  bytes += memory_of(exchange.request) + memory_of(exchange.response) + exchange.rules.capacity();
  for (const std::string& head : exchange.interim) bytes += sizeof(std::string) + head.capacity();
  return bytes + exchange.gaps.capacity() * sizeof(http::BodyGap);
}

}  // namespace

ExchangeSorter::ExchangeSorter(SorterOptions options) : x_options(std::move(options)) {
  x_options.tape.sorted = true;
  x_options.tape.sync = Sync::never;
  x_options.tape.level = 1;
  x_options.tape.recording.reset();  // random: several stand beside each other, and a key is never used twice alike
}

ExchangeSorter::~ExchangeSorter() = default;

Result<void> ExchangeSorter::add(http::Exchange exchange) {
  x_bytes += memory_of(exchange);
  x_held.push_back(std::move(exchange));
  if (x_bytes < x_options.memory && x_held.size() < kMostHeld) return {};
  return spill();
}

std::vector<std::uint32_t> ExchangeSorter::order() const {
  std::vector<std::uint32_t> places(x_held.size());
  std::iota(places.begin(), places.end(), 0u);
  std::stable_sort(places.begin(), places.end(),
                   [this](std::uint32_t a, std::uint32_t b) { return sort_time(x_held[a]) < sort_time(x_held[b]); });
  return places;
}

Result<void> ExchangeSorter::drain_memory(const Take& take) {
  for (const std::uint32_t place : order()) {
    http::Exchange exchange = std::move(x_held[place]);
    if (auto taken = take(exchange); !taken) return taken;
  }
  x_held.clear();
  x_bytes = 0;
  return {};
}

/// Tapes end to end are a tape of several recordings, which its reader merges; the earlier one wins a tie.
Result<void> ExchangeSorter::drain_spills(Spills spills, const Take& take) const {
  auto joined = join_sources(std::move(spills));
  if (!joined) return joined.error();
  auto reader = TapeReader::open(std::move(*joined), {x_options.tape.key, MissingKey::refuse});
  if (!reader) return reader.error();
  Cursor cursor = reader->in_time_order();
  for (;;) {
    auto exchange = cursor.next();
    if (!exchange) return exchange.error();
    if (!*exchange) break;
    (*exchange)->id = {};
    if (auto taken = take(**exchange); !taken) return taken;
  }
  if (!reader->damage().intact())
    return make_error("a temporary file came back damaged: the disk is not to be trusted");
  return {};
}

Result<std::unique_ptr<ByteSource>> ExchangeSorter::write_tape(const std::function<Result<void>(const Take&)>& all) {
  auto file = create_spill_file(x_options.directory);
  if (!file) return file.error();
  auto writer = TapeWriter::create(std::move(file->sink), x_options.tape, Time{});
  if (!writer) return writer.error();
  const auto written = all([this, &writer](http::Exchange& exchange) -> Result<void> {
    const auto id = writer->append(exchange, Time{});
    if (id) return {};
    if (id.error().code != errc::limit_exceeded) return id.error();
    ++x_left_out;
    return {};
  });
  if (!written) return written.error();
  if (auto sealed = writer->seal(Time{}); !sealed) return sealed.error();
  return std::move(file->source);
}

Result<void> ExchangeSorter::spill() {
  auto tape = write_tape([this](const Take& take) { return drain_memory(take); });
  if (!tape) return tape.error();
  ++x_spilled;
  return keep(std::move(*tape), 0);
}

Result<void> ExchangeSorter::keep(std::unique_ptr<ByteSource> tape, std::size_t level) {
  if (x_levels.size() == level) x_levels.emplace_back();
  x_levels[level].push_back(std::move(tape));
  if (x_levels[level].size() < kMergedAtOnce) return {};
  auto merged =
      write_tape([this, level](const Take& take) { return drain_spills(std::exchange(x_levels[level], {}), take); });
  if (!merged) return merged.error();
  return keep(std::move(*merged), level + 1);
}

Result<void> ExchangeSorter::drain(const Take& take) {
  if (x_levels.empty()) return drain_memory(take);
  if (!x_held.empty()) {
    if (auto spilled = spill(); !spilled) return spilled;
  }
  // Of each level few enough are left to merge them all at once; the oldest first, for ties.
  Spills all;
  for (auto level = x_levels.rbegin(); level != x_levels.rend(); ++level) {
    std::move(level->begin(), level->end(), std::back_inserter(all));
  }
  return drain_spills(std::move(all), take);
}

}  // namespace tapedeck::format
