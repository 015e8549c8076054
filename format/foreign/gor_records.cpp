#include "format/foreign/gor_records.hpp"

#include <algorithm>

namespace tapedeck::format {
namespace {

constexpr std::size_t kNone = std::string_view::npos;
/// Looking on may cost this much for each byte of the file, and so much in any case.
constexpr std::uint64_t kLookOnFactor = 4;
constexpr std::uint64_t kLookOnFree = 4 * GorRecords::kLookedAt;

/// What a file that ends within a separator leaves behind its last record.
bool begins_separator(std::string_view text) { return kGorSeparator.starts_with(text); }

bool only_line_ends(std::string_view text) { return text.find_first_not_of("\r\n") == kNone; }

/// Whether `excess`, which stands behind a message up to its record's end, is more than what writers leave there.
bool means_something(std::string_view excess, bool at_separator) {
  return !only_line_ends(excess) && (at_separator || !begins_separator(excess));
}

}  // namespace

/// Nothing if the next line is no header; it stays where it is.
Result<std::optional<GorHeader>> GorRecords::take_header() {
  const auto text = x_window.peek(kMaxGorHeader);
  if (!text) return text.error();
  const std::size_t lf = text->substr(0, kMaxGorHeader).find('\n');
  if (lf == kNone) return std::optional<GorHeader>();
  auto header = parse_gor_header(text->substr(0, lf));
  if (header) x_window.take(lf + 1);
  return header;
}

/// To behind the next separator, or the end; how many bytes stood before it.
Result<std::uint64_t> GorRecords::skip_record() {
  const std::uint64_t begin = x_window.position();
  for (;;) {
    const auto text = x_window.peek(kGorSeparator.size());
    if (!text) return text.error();
    const std::size_t at = text->find(kGorSeparator);
    if (at != kNone) {
      x_window.take(at + kGorSeparator.size());
      return x_window.position() - kGorSeparator.size() - begin;
    }
    if (text->size() < kGorSeparator.size()) {
      x_window.take(text->size());
      return x_window.position() - begin;
    }
    x_window.take(text->size() - kGorSeparator.size() + 1);
  }
}

/// Where the first separator is. Wherever the reads end, an over-long record is cut at the same place, and never within
/// a separator.
Result<GorRecords::End> GorRecords::first_end() {
  std::size_t from = 0;
  for (;;) {
    const std::string_view text = x_window.seen();
    const std::size_t at = text.find(kGorSeparator, from);
    if (at <= x_looked_at) return End{at, Stop::separator};
    if (text.size() >= x_looked_at + kGorSeparator.size()) return End{x_looked_at, Stop::limit};
    from = text.size() - std::min(text.size(), kGorSeparator.size() - 1);
    const auto more = x_window.grow();
    if (!more) return more.error();
    if (!*more) return End{x_window.seen().size(), Stop::file_end};
  }
}

/// Whether a record may end `offset` bytes on: at a separator, or where the file ends.
Result<bool> GorRecords::ends_at(std::size_t offset) {
  const auto text = x_window.peek(offset + kGorSeparator.size());
  if (!text) return text.error();
  if (text->size() < offset) return false;
  const std::string_view rest = text->substr(offset);
  return rest.starts_with(kGorSeparator) || (rest.size() < kGorSeparator.size() && begins_separator(rest));
}

/// The message's own end, if it lies beyond the separator found and is one; else that separator.
Result<GorRecords::End> GorRecords::look_on(const RawMessageReader& reader, End end) {
  const std::size_t begin = reader.body_begin();
  std::optional<std::size_t> own;
  if (reader.framing() == http::Framing::length && reader.content_length() <= kMaxImportedBody) {
    own = begin + static_cast<std::size_t>(reader.content_length());
  } else if (reader.framing() == http::Framing::chunked) {
    if (chunked_end(x_window.seen().substr(begin, end.size - begin))) return end;
    if (x_looked_on > kLookOnFree + kLookOnFactor * x_window.position()) return end;
    const auto text = x_window.peek(x_looked_at);
    if (!text) return text.error();
    const std::string_view body = text->substr(begin, x_looked_at - begin);
    if (const auto size = chunked_end(body)) own = begin + *size;
    x_looked_on += own.value_or(body.size());
  }
  if (!own || *own <= end.size) return end;
  const auto is_end = ends_at(*own);
  if (!is_end) return is_end.error();
  if (!*is_end) return end;
  return End{*own, x_window.seen().substr(*own).starts_with(kGorSeparator) ? Stop::separator : Stop::file_end};
}

/// Takes the record off the window; of an over-long one how many bytes followed up to the separator.
Result<std::uint64_t> GorRecords::take_record(const End& end) {
  x_window.take(end.size);
  if (end.stop == Stop::limit) return skip_record();
  if (end.stop == Stop::separator) x_window.take(kGorSeparator.size());
  return std::uint64_t{0};
}

/// The message in the record at the window's begin; nothing if there is none.
Result<std::optional<RawMessage>> GorRecords::take_message(RawMessageReader& reader, SkipAccount& account) {
  auto end = first_end();
  if (!end) return end.error();
  const auto whole = end->stop == Stop::separator ? RawMessageReader::Record::whole : RawMessageReader::Record::cut_off;
  const auto start = reader.read_heads(x_window.seen().substr(0, end->size), whole);
  if (start != RawMessageReader::Start::head) {
    const bool cut = start == RawMessageReader::Start::incomplete && end->stop == Stop::file_end;
    account.damage(cut ? "cut_off" : "not_http");
    if (auto taken = take_record(*end); !taken) return taken.error();
    return std::optional<RawMessage>();
  }
  end = look_on(reader, *end);
  if (!end) return end.error();
  const std::string_view record = x_window.seen().substr(0, end->size);
  std::optional<RawMessage> message = reader.finish(record.substr(reader.body_begin()));
  bool excess = means_something(record.substr(record.size() - message->excess), end->stop == Stop::separator);
  const auto unseen = take_record(*end);
  if (!unseen) return unseen.error();
  if (reader.count_unseen(*message, *unseen) > 0) excess = true;
  if (excess) account.damage("excess_bytes");
  return message;
}

Result<std::optional<GorRecord>> GorRecords::next(const Asked& asked, SkipAccount& account) {
  for (;;) {
    const auto ended = x_window.at_end();
    if (!ended) return ended.error();
    if (*ended) return std::optional<GorRecord>();
    auto header = take_header();
    if (!header) return header.error();
    if (!*header) {
      account.damage("no_record_header");
      if (auto skipped = skip_record(); !skipped) return skipped.error();
      continue;
    }
    const bool is_request = (*header)->type == GorType::request;
    RawMessageReader reader(is_request ? http::Side::request : http::Side::response,
                            is_request ? http::RequestFacts{} : asked((*header)->id));
    auto message = take_message(reader, account);
    if (!message) return message.error();
    if (*message) return std::optional(GorRecord{std::move(**header), std::move(**message)});
  }
}

}  // namespace tapedeck::format
