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
  static constexpr std::size_t kLookedAt = kMaxImportedHead + kMaxImportedBody + (1u << 20);

  /// Of a record no more than `looked_at` bytes are held; a longer one is over-long.
  explicit GorRecords(std::unique_ptr<ByteStream> file, std::size_t looked_at = kLookedAt)
      : x_window(std::move(file)), x_looked_at(looked_at) {}

  /// What the request of this id asked, as far as it is known: the end of its response depends on it.
  using Asked = std::function<http::RequestFacts(const std::string& id)>;
  /// Nothing at the end. What is no record is skipped and counted.
  Result<std::optional<GorRecord>> next(const Asked& asked, SkipAccount& account);

 private:
  enum class Stop : std::uint8_t {
    separator,
    file_end,
    limit,  // the record is over-long: it goes on, and what follows is not looked at
  };
  struct End {
    std::size_t size = 0;  // of the record, from its first byte behind the header
    Stop stop = Stop::separator;
  };

  Result<std::optional<GorHeader>> take_header();
  Result<std::uint64_t> skip_record();
  Result<std::optional<RawMessage>> take_message(RawMessageReader& reader, SkipAccount& account);
  Result<End> first_end();
  Result<End> look_on(const RawMessageReader& reader, End end);
  Result<bool> ends_at(std::size_t offset);
  Result<std::uint64_t> take_record(const End& end);

  StreamWindow x_window;
  std::size_t x_looked_at;
  std::uint64_t x_looked_on = 0;  // bytes searched beyond a separator
};

}  // namespace tapedeck::format
