#pragma once
#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "base/byte_size.hpp"
#include "base/clock.hpp"
#include "base/error.hpp"
#include "base/json_writer.hpp"
#include "format/tape_writer.hpp"
#include "http/exchange_sink.hpp"
#include "http/filter.hpp"

namespace tapedeck::capture {

/// What a full queue means: live sources must never wait, reading capture files may.
enum class WhenFull : std::uint8_t { drop, wait };

struct RecorderOptions {
  std::filesystem::path out;  // a file, or a directory: then tapes START-RECORDING-SEGMENT.tape, rotated
  format::Overwrite overwrite = format::Overwrite::refuse;
  format::TapeOptions tape;
  std::optional<ByteSize> rotate_size;  // directory: defaults to 1 GiB, 1 h
  std::optional<Duration> rotate_every;
  ByteSize memory = 256_MiB;  // queue and open exchanges
  ByteSize max_body = 64_MiB;
  ByteSize keep_free{0};  // stop recording below this much free disk
  http::Filter filter;
  http::Sample sample;
  WhenFull when_full = WhenFull::drop;
  bool capture_time = false;     // time comes from the parts (capture files), not from the clock
  std::uint64_t stop_after = 0;  // rows; what is under way then is no longer seen. 0: no limit
  std::string note_json;         // the recording's first note: tool, version, command, filter, sample

  // Process edge; unset: format::create_file_sink, and what the file system of `out` says.
  std::function<Result<std::unique_ptr<format::ByteSink>>(const std::filesystem::path&, format::Overwrite)> create_sink;
  std::function<ByteSize(const std::filesystem::path&)> free_space;
};

/// seen = recorded + filtered + dropped + incomplete + in_flight; in_flight is 0 after finish().
struct RecorderStats {
  std::uint64_t seen = 0;
  std::uint64_t recorded = 0;
  std::uint64_t filtered = 0;
  std::uint64_t dropped = 0;
  std::uint64_t incomplete = 0;
  std::uint64_t in_flight = 0;
  std::map<std::string, std::uint64_t> filtered_by;
  std::map<std::string, std::uint64_t> dropped_by;
  std::map<std::string, std::uint64_t> incomplete_by;
  std::uint64_t bytes = 0;    // written to the tape
  std::uint64_t memory = 0;   // held now
  bool disk_trouble = false;  // not recording now; a new segment is tried every 5 s
  bool full = false;          // stop_after reached
  std::string trouble;        // the last one, for people

  bool has_loss() const;  // exit status 4: a drop, or an incomplete exchange with loss (http::is_loss)
  /// seen recorded filtered dropped incomplete reasons tape_bytes: the fields of `record --json`, into an open object.
  void write_fields(JsonWriter& json) const;
};

/// The ExchangeSink that ends on a tape. take(), lost() and advance() come from one thread and only queue; a thread of
/// its own assembles, filters and feeds the TapeWriter. Disk trouble: exchanges are dropped and counted, a new segment
/// is tried every 5 s, its first note naming the loss.
class Recorder final : public http::ExchangeSink {
 public:
  /// Creates the first tape at once, so that trouble with the path shows before traffic does.
  static Result<std::unique_ptr<Recorder>> create(RecorderOptions options, const Clock& clock);
  ~Recorder() override;

  void take(const http::ExchangePart& part) noexcept override;
  void lost(const http::Loss& loss) noexcept override;
  void advance(Time watermark) noexcept override;

  /// From any thread.
  RecorderStats stats() const;
  /// Writes what is open as cut_off, seals, joins the thread. Once.
  Result<RecorderStats> finish();

 private:
  struct Impl;
  explicit Recorder(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> x_impl;
};

}  // namespace tapedeck::capture
