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
  Impl(std::shared_ptr<const ByteSource> from, std::string called, ScanResult scanned)
      : source(std::move(from)),
        name(std::move(called)),
        store(std::make_unique<TapeStore>(source, name, std::move(scanned))) {}

  Result<std::optional<TapeSummary>> summary_by_footers();
  Result<TapeSummary> summary_by_rows();
  /// What notes say was lost, without a walk over the rows.
  Result<std::map<std::string, LossTotals>> losses();
  Result<std::optional<http::Exchange>> find_in(ChunkRef ref, const WantedId& wanted);
  Result<http::Exchange> find(std::string_view id);
  void count_segments(TapeSummary& summary) const;

  std::shared_ptr<const ByteSource> source;  // owners: this, and the stores made of it
  std::string name;
  std::unique_ptr<TapeStore> store;
  std::optional<DamageReport> verified;
};

}  // namespace tapedeck::format
