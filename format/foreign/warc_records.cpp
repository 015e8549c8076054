#include "format/foreign/warc_records.hpp"

#include <algorithm>

#include "base/text.hpp"
#include "base/whole_number.hpp"
#include "format/foreign/head_lines.hpp"
#include "format/foreign/warc_date.hpp"
#include "format/foreign/warc_digest.hpp"
#include "http/head.hpp"

namespace tapedeck::format {
namespace {

constexpr std::size_t kNone = std::string_view::npos;
constexpr std::size_t kMaxHead = 256u << 10;
constexpr std::string_view kVersion = "WARC/";

std::string_view without_brackets(std::string_view text) {
  if (text.starts_with('<')) text.remove_prefix(1);
  if (text.ends_with('>')) text.remove_suffix(1);
  return trim_blanks(text);
}

/// False: the value is none.
bool set_field(WarcHead& head, std::string_view name, std::string_view value) {
  const auto is = [name](std::string_view known) { return http::equals_ignoring_case(name, known); };
  if (is("WARC-Type")) head.type = to_lower(value);
  if (is("WARC-Record-ID")) head.id = without_brackets(value);
  if (is("WARC-Target-URI")) head.target = without_brackets(value);
  if (is("Content-Type")) head.content_type = to_lower(value);
  if (is("WARC-Concurrent-To")) head.concurrent_to.emplace_back(without_brackets(value));
  if (is("WARC-Refers-To")) head.refers_to = without_brackets(value);
  if (is("WARC-Payload-Digest")) head.payload_digest = value;
  if (is("WARC-Block-Digest")) head.block_digest = value;
  if (is("WARC-IP-Address")) head.address = value;
  if (is("WARC-Truncated")) head.truncated = value;
  if (is("WARC-Segment-Number")) head.segmented = true;
  if (is("WARC-Date")) {
    head.date = parse_warc_date(value);
    head.whole_seconds = value.find('.') == kNone;
  }
  if (!is("Content-Length")) return true;
  const auto length = whole_number<std::uint64_t>(value);
  head.length = length.value_or(0);
  return length.has_value();
}

bool is_record_start(std::string_view text) {
  return text.starts_with(kVersion) && text.size() > kVersion.size() && text[kVersion.size()] >= '0' &&
         text[kVersion.size()] <= '9';
}

/// Where in `text` a record begins at the start of a line; not the first.
std::size_t find_record_start(std::string_view text) {
  for (std::size_t at = text.find("\nWARC/"); at != kNone; at = text.find("\nWARC/", at + 1)) {
    if (is_record_start(text.substr(at + 1))) return at + 1;
  }
  return kNone;
}

}  // namespace

std::optional<WarcHead> parse_warc_head(std::string_view lines) {
  if (!is_record_start(take_line(lines))) return std::nullopt;
  WarcHead head;
  bool any_length = false;
  while (!lines.empty()) {
    std::string_view line = take_line(lines);
    if (line.empty()) break;
    const std::size_t colon = line.find(':');
    if (colon == kNone) continue;
    std::string value(trim_blanks(line.substr(colon + 1)));
    while (lines.starts_with(' ') || lines.starts_with('\t')) value += " " + std::string(trim_blanks(take_line(lines)));
    const std::string_view name = trim_blanks(line.substr(0, colon));
    if (!set_field(head, name, value)) return std::nullopt;
    any_length = any_length || http::equals_ignoring_case(name, "Content-Length");
  }
  if (!any_length) return std::nullopt;
  return head;
}

Result<void> WarcRecords::skip_line_ends() {
  for (;;) {
    const auto text = x_window.peek(1);
    if (!text) return text.error();
    const std::size_t count = std::min(text->find_first_not_of("\r\n"), text->size());
    if (count == 0) return {};
    x_window.take(count);
  }
}

/// Goes on to the next line that begins a record. False: there is none.
Result<bool> WarcRecords::find_record() {
  constexpr std::size_t kPattern = 7;  // LF, `WARC/`, a digit
  for (;;) {
    const auto text = x_window.peek(kPattern);
    if (!text) return text.error();
    const std::size_t at = find_record_start(*text);
    if (at != kNone) {
      x_window.take(at);
      return true;
    }
    if (text->size() < kPattern) {
      x_window.take(text->size());
      return false;
    }
    x_window.take(text->size() - kPattern + 1);
  }
}

/// Of the head at the window's begin, with its empty line; 0 if it does not end.
Result<std::size_t> WarcRecords::head_size() {
  std::size_t line = 0;
  for (;;) {
    const std::string_view text = x_window.seen();
    for (std::size_t lf; (lf = text.find('\n', line)) != kNone; line = lf + 1) {
      if (lf == line || (lf == line + 1 && text[line] == '\r')) return lf + 1;
    }
    if (text.size() > kMaxHead) return std::size_t{0};
    const auto more = x_window.grow();
    if (!more) return more.error();
    if (!*more) return std::size_t{0};
  }
}

Result<std::optional<WarcHead>> WarcRecords::next(SkipAccount& account) {
  for (;;) {
    if (auto skipped = skip_line_ends(); !skipped) return skipped.error();
    const auto text = x_window.peek(kVersion.size() + 1);
    if (!text) return text.error();
    if (text->empty()) return std::optional<WarcHead>();
    if (is_record_start(*text)) {
      const auto size = head_size();
      if (!size) return size.error();
      auto head = parse_warc_head(x_window.seen().substr(0, *size));
      if (*size > 0 && head) {
        x_window.take(*size);
        return head;
      }
    }
    account.damage("no_record_head");
    const auto found = find_record();
    if (!found) return found.error();
    if (!*found) return std::optional<WarcHead>();
  }
}

Result<WarcBlock> WarcRecords::take_block(const WarcHead& head) {
  WarcBlock block;
  const auto wanted = static_cast<std::size_t>(std::min<std::uint64_t>(head.length, kMaxBlock));
  const auto text = x_window.peek(wanted);
  if (!text) return text.error();
  std::size_t size = std::min(text->size(), wanted);
  if (size < wanted) {
    // A length that reaches beyond the end may be wrong: then the next record ends the block.
    block.cut_off = true;
    const std::size_t next = find_record_start(text->substr(0, size));
    size = std::min(next, size);
  }
  block.bytes = text->substr(0, size);
  x_window.take(size);
  WarcDigest digest(head.block_digest);
  digest.add(block.bytes);
  while (!block.cut_off && size + block.unseen < head.length) {
    const auto more = x_window.peek(1);
    if (!more) return more.error();
    block.cut_off = more->empty();
    const auto now = static_cast<std::size_t>(std::min<std::uint64_t>(more->size(), head.length - size - block.unseen));
    digest.add(more->substr(0, now));
    x_window.take(now);
    block.unseen += now;
  }
  block.digest_differs = !block.cut_off && digest.differs();
  return block;
}

Result<bool> WarcRecords::skip_block(const WarcHead& head) {
  const auto skipped = x_window.skip(head.length);
  if (!skipped) return skipped.error();
  return *skipped == head.length;
}

}  // namespace tapedeck::format
