#pragma once
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string_view>

#include "base/error.hpp"
#include "format/byte_source.hpp"
#include "format/damage_report.hpp"
#include "format/stored_body.hpp"
#include "format/tape_keys.hpp"
#include "format/tape_summary.hpp"
#include "http/exchange.hpp"

namespace tapedeck::format {

struct TimeRange {
  std::optional<Time> from;  // request first byte >= from
  std::optional<Time> to;    // request first byte < to
};

/// Whether bodies are decoded and handed out (Exchange::Body::bytes).
enum class Bodies : std::uint8_t {
  load,   // one beyond BodyLimits::whole is omitted, because of the limit
  skip,   // lengths are still known: Body::wire_length is always set
  refer,  // those beyond BodyLimits::large stay on the tape, whose parts are all there: Cursor::next_stored()
  check,  // the same, and that they can be decoded was tried
};

/// How closely to look at a tape. Where a hash does not hold, a record is missing or a key has to vouch, every row is
/// decoded in any case.
enum class Check : std::uint8_t { stored_first, every_row };

struct ReadOptions {
  std::optional<TapeKey> key;
  MissingKey missing_key = MissingKey::refuse;  // stored_only: then verify() is all that can be done with the tape
  BodyLimits bodies = {};
};

class TapeReader;
class TapeWriter;
struct CopyOptions;
struct TapeFile;
struct CopyResult;

/// Exchanges in order of their first request byte (ties by ordinal). Memory: the rows between the watermark and the
/// newest chunk read. Lives as long as its reader.
class Cursor {
 public:
  Cursor(Cursor&&) noexcept;
  Cursor& operator=(Cursor&&) noexcept;
  ~Cursor();
  /// Nothing at the end. Damage is skipped and counted in TapeReader::damage(); an error is trouble of the source.
  Result<std::optional<http::Exchange>> next();
  /// The same, with what Bodies::refer left on the tape.
  Result<std::optional<StoredExchange>> next_stored();

 private:
  friend class TapeReader;
  struct Impl;
  explicit Cursor(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> x_impl;
};

/// Reads tapes: sealed or not, several segments or recordings end to end, damaged ones. One thread.
class TapeReader {
 public:
  /// errc::not_a_tape if there is no good record; an empty source too. errc::newer_version names what is needed.
  /// errc::key_needed, errc::wrong_key.
  static Result<TapeReader> open(std::unique_ptr<ByteSource> source, const ReadOptions& options = {});
  /// The same; messages name the path.
  static Result<TapeReader> open(const std::filesystem::path& path, const ReadOptions& options = {});
  /// Another reader of the same bytes, which may be those of a pipe; what is known of their places is shared. It counts
  /// damage of its own.
  TapeReader again() const;
  TapeReader(TapeReader&&) noexcept;
  TapeReader& operator=(TapeReader&&) noexcept;
  ~TapeReader();

  /// The least request first byte; 0 if there are no exchanges. Known once the tape is open.
  Time start() const;
  /// Totals. From the ends of the segments alone if all are sealed and intact there: what open() read will do. Else
  /// from the rows.
  Result<TapeSummary> summary();
  /// Walks every record and checks every checksum. Of an encrypted tape without its key, the stored bytes only.
  Result<DamageReport> verify(Check check = Check::stored_first);
  /// What open() and the cursors met so far; complete once a cursor over everything is at its end.
  const DamageReport& damage() const;

  Cursor in_time_order(TimeRange range = {}, Bodies bodies = Bodies::load);

  /// By `3f9c0a1b-1742`, or the bare ordinal in a tape of one recording. errc::not_found says so.
  Result<http::Exchange> find(std::string_view id);
  /// The same; large bodies stay on the tape.
  Result<StoredExchange> find_stored(std::string_view id);
  /// A body that was left there. errc::damaged if it cannot be had to its end.
  Result<void> read_body(const BodyRef& body, const BodyVisitor& visit);

 private:
  friend class Cursor;
  friend Result<CopyResult> copy_tape(TapeReader& from, TapeWriter& writer, const CopyOptions& options, Time now);
  struct Impl;
  static Result<TapeReader> open_file(std::shared_ptr<const TapeFile> file);  // owners: the readers of these bytes
  explicit TapeReader(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> x_impl;
};

}  // namespace tapedeck::format
