#pragma once
#include <cstdint>
#include <functional>
#include <optional>
#include <string_view>

#include "format/foreign/gor_format.hpp"
#include "format/foreign/raw_message.hpp"
#include "format/foreign/skip_account.hpp"
#include "format/stream_window.hpp"

namespace tapedeck::format {

struct GorRecord {
  GorHeader header;
  RawMessage message;
};

/// Cuts one .gor file into records. Where a record ends is the hard part: bodies may hold the separator, so a message
/// whose framing asks for more is read on if it then ends right at a separator.
class GorRecords {
 public:
  explicit GorRecords(std::unique_ptr<ByteStream> file) : x_window(std::move(file)) {}

  /// What the request of this id asked, as far as it is known: the end of its response depends on it.
  using Asked = std::function<http::RequestFacts(const std::string& id)>;
  /// Nothing at the end. What is no record is skipped and counted.
  Result<std::optional<GorRecord>> next(const Asked& asked, SkipAccount& account);

 private:
  struct End {
    std::size_t size = 0;       // of the record, from its first byte behind the header
    std::uint64_t beyond = 0;   // bytes of an over-long record that are not looked at
    bool at_separator = false;  // else the file ended, or the record is over-long
  };

  Result<std::optional<GorHeader>> take_header();
  Result<void> skip_record();
  Result<std::optional<RawMessage>> take_message(RawMessageReader& reader, SkipAccount& account);
  Result<End> first_end();
  Result<End> look_on(const RawMessageReader& reader, End end);
  Result<bool> ends_at(std::size_t offset);
  Result<void> take_record(End& end);
  std::size_t excess_of(const RawMessage& message, std::string_view record, const End& end) const;

  StreamWindow x_window;
  std::uint64_t x_looked_on = 0;  // bytes searched beyond a separator
};

}  // namespace tapedeck::format
