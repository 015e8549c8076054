#pragma once
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "format/cursor.hpp"
#include "format/tape_reader.hpp"
#include "format/tape_store.hpp"

namespace tapedeck::format {

struct WantedId;

struct TapeReader::Impl {
  Impl(std::shared_ptr<const TapeFile> opened, ScanResult scanned)
      : file(std::move(opened)), store(std::make_unique<TapeStore>(file, std::move(scanned))) {}

  Result<std::optional<TapeSummary>> summary_by_footers();
  Result<TapeSummary> summary_by_rows();
  /// What notes say was lost, without a walk over the rows.
  Result<std::map<std::string, LossTotals>> losses();
  Result<std::optional<StoredExchange>> find_in(ChunkRef ref, const WantedId& wanted, Bodies bodies);
  Result<StoredExchange> find(std::string_view id, Bodies bodies);
  bool can_read(const TapeMap& map) const;
  DamageReport verify_stored(TapeStore& scanned);
  void count_segments(TapeSummary& summary) const;

  std::shared_ptr<const TapeFile> file;  // owners: this, and the stores made of it
  std::unique_ptr<TapeStore> store;
  std::optional<DamageReport> verified;
};

}  // namespace tapedeck::format
