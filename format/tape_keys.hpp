#pragma once
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include "base/error.hpp"
#include "format/record.hpp"
#include "format/tape_key.hpp"

namespace tapedeck::format {

/// What to do with an encrypted tape for which no key was given.
enum class MissingKey : std::uint8_t {
  refuse,
  stored_only,  // what is in clear can still be checked: headers, hashes of stored bytes, counts
};

/// What a reader opens encrypted records with. Several threads may use it.
class TapeKeys {
 public:
  TapeKeys(std::optional<TapeKey> key, MissingKey missing);

  bool has_key() const { return x_key.has_value(); }
  /// Of a segment that says it is encrypted under `key_id`: errc::key_needed, errc::wrong_key.
  Result<void> check(std::uint64_t key_id, std::string_view name) const;
  /// Of a segment whose records are encrypted, though what names the key is gone.
  Result<void> check_any(std::string_view name) const;
  /// A frame's content, decrypted. Nothing if it is not authentic, or without a key. `head`: the record's header and
  /// body, as stored.
  std::optional<std::string> open(const RecordHeader& header, std::uint16_t frame, std::string_view content,
                                  std::string_view head) const;

 private:
  SegmentKey key_of(const SegmentId& segment) const;

  std::optional<TapeKey> x_key;
  std::uint64_t x_id = 0;
  MissingKey x_missing;
  mutable std::mutex x_mutex;
  mutable std::map<SegmentId, SegmentKey> x_derived;  // guarded
};

}  // namespace tapedeck::format
