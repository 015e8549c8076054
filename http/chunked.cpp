#include "http/chunked.hpp"

#include "http/chars.hpp"
#include "http/start_line.hpp"

namespace tapedeck::http {
namespace {

int hex_value(char c) {
  if (is_digit(c)) return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

/// Cuts a token off `text`; false if there is none.
bool take_token(std::string_view& text) {
  std::size_t length = 0;
  while (length < text.size() && is(text[length], kTokenChar)) ++length;
  text.remove_prefix(length);
  return length > 0;
}

/// Cuts a quoted string off `text`, which begins with the quote.
bool take_quoted(std::string_view& text) {
  for (std::size_t at = 1; at < text.size(); ++at) {
    if (is(text[at], kControlChar) && text[at] != '\t') return false;
    if (text[at] == '"') {
      text.remove_prefix(at + 1);
      return true;
    }
    if (text[at] == '\\' && ++at < text.size() && is(text[at], kControlChar)) return false;
  }
  return false;
}

/// `;name[=token or quoted]`, any number of them, no whitespace between.
bool are_extensions(std::string_view text) {
  while (!text.empty()) {
    if (text.front() != ';') return false;
    text.remove_prefix(1);
    if (!take_token(text)) return false;
    if (!text.starts_with('=')) continue;
    text.remove_prefix(1);
    if (!(text.starts_with('"') ? take_quoted(text) : take_token(text))) return false;
  }
  return true;
}

}  // namespace

bool parse_chunk_line(std::string_view line, Judge& judge, ChunkLine& out) {
  if (!line.ends_with('\r')) judge.doubt_framing();
  if (!strip_line_end(line, judge)) return false;
  std::uint64_t size = 0;
  std::size_t digits = 0;
  for (; digits < line.size() && hex_value(line[digits]) >= 0; ++digits) {
    if (digits == 16) return !judge.gives_up(Rule::chunk_size);
    size = size << 4 | static_cast<std::uint64_t>(hex_value(line[digits]));
  }
  if (digits == 0 || size >> 63 != 0) return !judge.gives_up(Rule::chunk_size);
  auto rest = line.substr(digits);
  out = {size, rest.size()};
  if (rest.empty()) return true;
  if (is(rest.front(), kSpaceChar)) {
    if (judge.refuses_request(Rule::chunk_size)) return false;
    rest = trim(rest);
    if (rest.empty()) return true;
  }
  if (rest.front() != ';') return !judge.gives_up(Rule::chunk_size);
  if (rest.find('\r') != std::string_view::npos) {
    if (judge.refuses(Rule::bare_cr)) return false;
    judge.doubt_framing();
  }
  if (!are_extensions(rest) && judge.refuses(Rule::chunk_extension)) return false;
  judge.note(Rule::chunk_extension);
  return true;
}

}  // namespace tapedeck::http
