#pragma once
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "format/footers.hpp"
#include "format/tape_reader.hpp"
#include "format/tape_store.hpp"

namespace tapedeck::format {

struct WantedId;

struct TapeReader::Impl {
  explicit Impl(std::shared_ptr<const TapeFile> opened) : file(std::move(opened)) {}

  Result<void> scan();
  /// Where the rows are; reads the indexes when first asked for.
  Result<TapeStore*> rows();
  Result<std::shared_ptr<const ScanResult>> scanned() const;
  bool is_encrypted() const;
  const ScanResult& known() const { return rows_at ? *rows_at : *outline; }

  Result<std::optional<TapeSummary>> summary_by_footers() const;
  Result<TapeSummary> summary_by_rows();
  /// What notes say was lost, without a walk over the rows.
  Result<std::map<std::string, LossTotals>> losses() const;
  void count_segments(TapeSummary& summary, const DamageReport& report) const;

  Result<std::optional<StoredExchange>> find_in_epoch(const WantedId& wanted, Bodies bodies) const;
  Result<std::optional<StoredExchange>> find_in_rows(std::string_view id, const WantedId& wanted, Bodies bodies);
  Result<StoredExchange> find(std::string_view id, Bodies bodies);

  DamageReport verify_stored(TapeStore& scanned);

  // Not changed once made. Owners: this reader, those that began as its likes (again()), their stores.
  std::shared_ptr<const TapeFile> file;
  std::shared_ptr<const SealedTape> sealed;   // null: opened by a scan
  std::shared_ptr<const ScanResult> outline;  // of a sealed tape: its map without chunks
  std::shared_ptr<const ScanResult> rows_at;  // where all chunks are; null until that is asked for

  std::unique_ptr<TapeStore> store;
  std::optional<DamageReport> verified;
  bool looked_up = false;
};

bool is_encrypted(const TapeMap& map);

}  // namespace tapedeck::format
