#pragma once
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.hpp"
#include "format/foreign/skip_account.hpp"
#include "format/stream_window.hpp"

namespace tapedeck::format {

/// The named fields of a WARC record that an import cares about; empty where absent. Ids and URIs are without `<>`.
struct WarcHead {
  std::string type;  // lower case
  std::string id;
  std::optional<Time> date;
  bool whole_seconds = true;  // as far as the date tells
  std::string target;
  std::string content_type;  // lower case
  std::uint64_t length = 0;
  std::vector<std::string> concurrent_to;
  std::string refers_to;
  std::string payload_digest;
  std::string block_digest;
  std::string address;
  std::string truncated;
  bool segmented = false;
};

/// `lines` from the version line on. Nothing without a version or a usable Content-Length.
std::optional<WarcHead> parse_warc_head(std::string_view lines);

struct WarcBlock {
  std::string bytes;         // the first ones, at most kMaxBlock
  std::uint64_t unseen = 0;  // more that are not kept
  bool cut_off = false;      // the file ended, or the next record began, before its length was reached
  bool digest_differs = false;
};

/// Cuts a WARC file, decompressed, into records.
class WarcRecords {
 public:
  static constexpr std::size_t kMaxBlock = (64u << 20) + (512u << 10);

  explicit WarcRecords(std::unique_ptr<ByteStream> file) : x_window(std::move(file)) {}

  /// The next record's head; its block comes next. Nothing at the end. What is no record is skipped and counted.
  Result<std::optional<WarcHead>> next(SkipAccount& account);
  Result<WarcBlock> take_block(const WarcHead& head);
  /// False: it is cut off.
  Result<bool> skip_block(const WarcHead& head);

 private:
  Result<void> skip_line_ends();
  Result<bool> find_record();
  Result<std::size_t> head_size();

  StreamWindow x_window;
};

}  // namespace tapedeck::format
