#include "format/whole_record.hpp"

#include <algorithm>

#include "format/frame.hpp"
#include "format/source_window.hpp"

namespace tapedeck::format {
namespace {

/// The header of the record that the bytes begin with; nothing if it is not good, or they end before.
std::optional<RecordHeader> header_at(std::string_view bytes) {
  const std::uint32_t body_len = promised_body_len(bytes);
  if (body_len == UINT32_MAX || bytes.size() < kHeaderSize + body_len) return std::nullopt;
  RecordHeader header;
  if (decode_header(bytes.substr(0, kHeaderSize + body_len), header) != HeaderCheck::good) return std::nullopt;
  return header;
}

/// The payload, unescaped; nothing if it is not as it had been written.
std::optional<std::string> payload_of(const RecordHeader& header, std::string_view stored) {
  if (stored.size() != header.payload_len || xxh3(stored) != header.payload_xxh3) return std::nullopt;
  std::string payload(stored);
  if (header.escaped() && !unescape_payload(payload)) return std::nullopt;
  return payload;
}

/// What the one frame of a record holds, decrypted; nothing if it is malformed or not authentic.
std::optional<std::string> content_of(const TapeKeys& keys, const RecordHeader& header, std::string_view head,
                                      std::string_view payload) {
  if (payload.empty() && !header.encrypted()) return std::string();
  const auto content = frame_content(payload);
  if (!content) return std::nullopt;
  return header.encrypted() ? keys.open(header, 0, *content, head) : std::optional(std::string(*content));
}

}  // namespace

std::optional<WholeRecord> record_at(const TapeKeys& keys, std::string_view bytes) {
  const auto header = header_at(bytes);
  if (!header) return std::nullopt;
  const std::string_view head = bytes.substr(0, header->size());
  const auto payload = payload_of(*header, bytes.substr(head.size(), header->payload_len));
  auto content = payload ? content_of(keys, *header, head, *payload) : std::nullopt;
  if (!content) return std::nullopt;
  return WholeRecord{*header, std::string(head.substr(kHeaderSize)), std::move(*content)};
}

Result<std::optional<WholeRecord>> read_record(const TapeFile& file, std::uint64_t offset, std::uint64_t at_once) {
  const auto start = read_bytes(*file.source, offset, at_once);
  if (!start) return start.error();
  const auto header = header_at(start->view());
  if (!header) return std::optional<WholeRecord>();
  if (header->record_size() <= start->size()) return record_at(file.keys, start->view());
  const auto rest = read_bytes(*file.source, offset + start->size(), header->record_size() - start->size());
  if (!rest) return rest.error();
  std::string whole;
  whole.reserve(start->size() + rest->size());
  whole.append(start->view()).append(rest->view());
  return record_at(file.keys, whole);
}

std::optional<std::string> record_content(const WholeRecord& record) {
  return decode_content_up_to(record.content, kMaxFrame);
}

}  // namespace tapedeck::format
