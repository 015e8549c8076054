#pragma once
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <vector>

#include "format/byte_source.hpp"
#include "format/tape_writer.hpp"
#include "http/exchange.hpp"

namespace tapedeck::format {

struct SorterOptions {
  std::uint64_t memory = 256u << 20;  // of exchanges, then they are spilled
  std::filesystem::path directory;    // for spilled ones
  TapeOptions tape;                   // how these are compressed and encrypted
};

/// Puts exchanges in the order of their first byte; equal ones stay in the order they came. Beyond its memory it spills
/// sorted temporary tapes and merges them: 64 at once, and 64 merged ones again, so that any amount is read a few times
/// at most.
class ExchangeSorter {
 public:
  explicit ExchangeSorter(SorterOptions options);
  ~ExchangeSorter();
  ExchangeSorter(const ExchangeSorter&) = delete;
  ExchangeSorter& operator=(const ExchangeSorter&) = delete;

  Result<void> add(http::Exchange exchange);

  using Take = std::function<Result<void>(http::Exchange&)>;
  /// All of them, in order; ids are empty. Once.
  Result<void> drain(const Take& take);

  std::uint64_t spilled_tapes() const { return x_spilled; }
  /// Left out when they were spilled: beyond what a tape holds of one exchange.
  std::uint64_t left_out() const { return x_left_out; }

 private:
  using Spills = std::vector<std::unique_ptr<ByteSource>>;

  std::vector<std::uint32_t> order() const;
  Result<void> drain_memory(const Take& take);
  Result<void> drain_spills(Spills spills, const Take& take) const;
  Result<void> spill();
  Result<void> keep(std::unique_ptr<ByteSource> tape, std::size_t level);
  Result<std::unique_ptr<ByteSource>> write_tape(const std::function<Result<void>(const Take&)>& all);

  SorterOptions x_options;
  std::vector<http::Exchange> x_held;
  std::uint64_t x_bytes = 0;
  std::vector<Spills> x_levels;  // of each level at most kMergedAtOnce; higher ones are older
  std::uint64_t x_spilled = 0;
  std::uint64_t x_left_out = 0;
};

}  // namespace tapedeck::format
