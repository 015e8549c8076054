#include "format/tape_keys.hpp"

#include "format/scan.hpp"

namespace tapedeck::format {

TapeKeys::TapeKeys(std::optional<TapeKey> key, MissingKey missing)
    : x_key(key), x_id(key ? key_id_of(*key) : 0), x_missing(missing) {}

Result<void> TapeKeys::check_any(std::string_view name) const {
  if (x_key || x_missing == MissingKey::stored_only) return {};
  return key_needed(name);
}

Result<void> TapeKeys::check(std::uint64_t key_id, std::string_view name) const {
  if (!x_key) return check_any(name);
  if (key_id == x_id) return {};
  return wrong_key(name);
}

SegmentKey TapeKeys::key_of(const SegmentId& segment) const {
  const std::lock_guard lock(x_mutex);
  const auto known = x_derived.find(segment);
  return known != x_derived.end() ? known->second
                                  : x_derived.emplace(segment, segment_key(*x_key, segment)).first->second;
}

std::optional<std::string> TapeKeys::open(const RecordHeader& header, std::uint16_t frame, std::string_view content,
                                          std::string_view head) const {
  if (!x_key) return std::nullopt;
  return decrypt(key_of(header.segment), {header.record_no, frame}, content, associated_data(head));
}

}  // namespace tapedeck::format
