#include "capture/start_line.hpp"

#include <algorithm>
#include <array>

namespace tapedeck::capture {
namespace {

constexpr std::size_t kLongestMethod = 64;
constexpr std::size_t kEmptyLines = 4;
constexpr std::string_view kPreface = "PRI * HTTP/2.0\r\n";

bool is_token(char c) {
  const bool letter_or_digit = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
  return letter_or_digit || std::string_view("!#$%&'*+-.^_`|~").find(c) != std::string_view::npos;
}

bool is_control(char c) { return (static_cast<unsigned char>(c) < 0x20 && c != '\t') || c == 0x7f; }

/// `HTTP/1.x` in any case, behind blanks.
bool ends_in_version(std::string_view line) {
  constexpr std::string_view kVersion = "http/1.";
  while (!line.empty() && (line.back() == ' ' || line.back() == '\t')) line.remove_suffix(1);
  if (line.size() < kVersion.size() + 2) return false;
  const char minor = line.back();
  const std::string_view version = line.substr(line.size() - kVersion.size() - 1, kVersion.size());
  const char before = line[line.size() - kVersion.size() - 2];
  return minor >= '0' && minor <= '9' && (before == ' ' || before == '\t') &&
         std::equal(version.begin(), version.end(), kVersion.begin(),
                    [](char a, char b) { return (a >= 'A' && a <= 'Z' ? static_cast<char>(a + 32) : a) == b; });
}

}  // namespace

std::size_t odd_request_length(std::string_view bytes) {
  const std::size_t crlf = bytes.find("\r\n\r\n");
  const std::size_t lf = bytes.find("\n\n");
  if (crlf == std::string_view::npos && lf == std::string_view::npos) return 0;
  return crlf < lf ? crlf + 4 : lf + 2;
}

Match match_odd_request(std::string_view bytes) {
  constexpr std::array<std::string_view, 9> kMethods{"GET",     "HEAD",    "POST",  "PUT",  "DELETE",
                                                     "CONNECT", "OPTIONS", "TRACE", "PATCH"};
  const std::size_t line_end = bytes.find('\n');
  if (line_end == std::string_view::npos) return Match::no;
  std::string_view line = bytes.substr(0, line_end);
  if (line.ends_with('\r')) line.remove_suffix(1);
  if (std::any_of(line.begin(), line.end(), is_control)) return Match::no;
  const std::string_view word = line.substr(0, line.find(' '));
  const bool odd = std::find(kMethods.begin(), kMethods.end(), word) != kMethods.end() ||
                   line.find("HTTP/1.") != std::string_view::npos;
  if (!odd) return Match::no;
  return odd_request_length(bytes) == 0 ? Match::maybe : Match::yes;
}

std::size_t leading_empty_lines(std::string_view bytes) {
  std::size_t at = 0;
  for (std::size_t lines = 0; lines < kEmptyLines; ++lines) {
    if (bytes.substr(at).starts_with("\r\n")) {
      at += 2;
    } else if (bytes.substr(at).starts_with("\n")) {
      at += 1;
    }
  }
  return at;
}

Match match_request_line(std::string_view bytes) {
  const auto method_end = std::find_if(bytes.begin(), bytes.end(), [](char c) { return !is_token(c); });
  const auto method = static_cast<std::size_t>(method_end - bytes.begin());
  if (method > kLongestMethod) return Match::no;
  if (method == bytes.size()) return Match::maybe;
  if (method == 0 || bytes[method] != ' ') return Match::no;
  const std::size_t line_end = bytes.find('\n', method);
  std::string_view line = bytes.substr(0, line_end);
  if (line.ends_with('\r')) line.remove_suffix(1);
  if (std::any_of(line.begin(), line.end(), is_control)) return Match::no;
  if (line_end == std::string_view::npos) return Match::maybe;
  return ends_in_version(line.substr(method + 1)) ? Match::yes : Match::no;
}

Match match_status_line(std::string_view bytes) {
  constexpr std::string_view kPattern = "HTTP/1.d ddd";
  for (std::size_t i = 0; i < kPattern.size(); ++i) {
    if (i == bytes.size()) return Match::maybe;
    const bool digit = bytes[i] >= '0' && bytes[i] <= '9';
    if (kPattern[i] == 'd' ? !digit : kPattern[i] != bytes[i]) return Match::no;
  }
  return Match::yes;
}

Protocol protocol_of(std::string_view bytes) {
  if (bytes.starts_with(kPreface)) return Protocol::http2;
  const bool record = bytes.size() >= 3 && bytes[0] >= 0x14 && bytes[0] <= 0x17 && bytes[1] == 0x03;
  return record && static_cast<unsigned char>(bytes[2]) <= 0x04 ? Protocol::tls : Protocol::unknown;
}

}  // namespace tapedeck::capture
