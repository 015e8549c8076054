#include "format/foreign/gor_records.hpp"

#include <algorithm>

namespace tapedeck::format {
namespace {

constexpr std::size_t kNone = std::string_view::npos;
constexpr std::size_t kMaxRecord = kMaxImportedHead + kMaxImportedBody + (1u << 20);
/// Looking on may cost this much for each byte of the file, and so much in any case.
constexpr std::uint64_t kLookOnFactor = 4;
constexpr std::uint64_t kLookOnFree = 4 * kMaxRecord;

/// What a file that ends within a separator leaves behind its last record.
bool begins_separator(std::string_view text) { return kGorSeparator.starts_with(text); }

bool only_line_ends(std::string_view text) { return text.find_first_not_of("\r\n") == kNone; }

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

/// To behind the next separator, or the end.
Result<void> GorRecords::skip_record() {
  for (;;) {
    const auto text = x_window.peek(kGorSeparator.size());
    if (!text) return text.error();
    const std::size_t at = text->find(kGorSeparator);
    if (at != kNone) {
      x_window.take(at + kGorSeparator.size());
      return {};
    }
    if (text->size() < kGorSeparator.size()) {
      x_window.take(text->size());
      return {};
    }
    x_window.take(text->size() - kGorSeparator.size() + 1);
  }
}

/// Where the first separator is.
Result<GorRecords::End> GorRecords::first_end() {
  std::size_t from = 0;
  for (;;) {
    const std::string_view text = x_window.seen();
    const std::size_t at = text.find(kGorSeparator, from);
    if (at != kNone) return End{at, 0, true};
    if (text.size() >= kMaxRecord) return End{text.size(), 1, false};
    from = text.size() - std::min(text.size(), kGorSeparator.size() - 1);
    const auto more = x_window.grow();
    if (!more) return more.error();
    if (!*more) return End{x_window.seen().size(), 0, false};
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
    const auto text = x_window.peek(kMaxRecord);
    if (!text) return text.error();
    const std::string_view body = text->substr(begin, kMaxRecord - begin);
    if (const auto size = chunked_end(body)) own = begin + *size;
    x_looked_on += own.value_or(body.size());
  }
  if (!own || *own <= end.size) return end;
  const auto is_end = ends_at(*own);
  if (!is_end) return is_end.error();
  if (!*is_end) return end;
  return End{*own, 0, x_window.seen().substr(*own).starts_with(kGorSeparator)};
}

/// Takes the record off the window, and of an over-long one what follows up to the separator.
Result<void> GorRecords::take_record(End& end) {
  x_window.take(end.size);
  if (end.at_separator) x_window.take(kGorSeparator.size());
  if (end.at_separator || end.beyond == 0) return {};
  const std::uint64_t before = x_window.position();
  if (auto skipped = skip_record(); !skipped) return skipped;
  end.beyond = x_window.position() - before;
  return {};
}

std::size_t GorRecords::excess_of(const RawMessage& message, std::string_view record, const End& end) const {
  const std::string_view excess = record.substr(record.size() - message.excess);
  if (only_line_ends(excess) || (!end.at_separator && begins_separator(excess))) return 0;
  return excess.size();
}

/// The message in the record at the window's begin; nothing if there is none.
Result<std::optional<RawMessage>> GorRecords::take_message(RawMessageReader& reader, SkipAccount& account) {
  auto end = first_end();
  if (!end) return end.error();
  const auto whole = end->at_separator ? RawMessageReader::Record::whole : RawMessageReader::Record::cut_off;
  const auto start = reader.read_heads(x_window.seen().substr(0, end->size), whole);
  if (start != RawMessageReader::Start::head) {
    const bool cut = start == RawMessageReader::Start::incomplete && !end->at_separator && end->beyond == 0;
    account.damage(cut ? "cut_off" : "not_http");
    if (auto taken = take_record(*end); !taken) return taken.error();
    return std::optional<RawMessage>();
  }
  end = look_on(reader, *end);
  if (!end) return end.error();
  const std::string_view record = x_window.seen().substr(0, end->size);
  std::optional<RawMessage> message = reader.finish(record.substr(reader.body_begin()), end->beyond);
  if (excess_of(*message, record, *end) > 0) account.damage("excess_bytes");
  const std::uint64_t guessed = end->beyond;
  if (auto taken = take_record(*end); !taken) return taken.error();
  if (auto& length = message->message.body.wire_length; length && guessed > 0) *length += end->beyond - guessed;
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
