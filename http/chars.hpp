#pragma once
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace tapedeck::http {

/// Classes of bytes in HTTP text (RFC 9110 section 5.6, RFC 3986 section 2).
enum CharClass : std::uint8_t {
  kTokenChar = 1,       // tchar
  kControlChar = 2,     // 0x00-1F and DEL
  kOddTargetChar = 4,   // not allowed in a URI, yet sent by real clients
  kBadTargetChar = 8,   // never in a request target: controls, DEL, SP, `#`
  kHostChar = 16,       // reg-name without the comma
  kAddressChar = 32,    // inside the brackets of an IP literal
  kSpaceChar = 64,      // SP, HTAB
  kFoldSpaceChar = 128  // SP, HTAB, CR, LF
};

constexpr std::array<std::uint8_t, 256> make_char_classes() {
  std::array<std::uint8_t, 256> classes{};
  const auto add = [&classes](std::string_view chars, unsigned kind) {
    for (const char c : chars) {
      auto& entry = classes[static_cast<unsigned char>(c)];
      entry = static_cast<std::uint8_t>(entry | kind);
    }
  };
  constexpr std::string_view alnum = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
  add(alnum, kTokenChar | kHostChar);
  add("!#$%&'*+-.^_`|~", kTokenChar);
  add("-._~%!$&'()*+;=", kHostChar);
  add("0123456789abcdefABCDEF:.", kAddressChar);
  add("\"<>\\^{}|`", kOddTargetChar);
  add(" \t", kSpaceChar | kFoldSpaceChar);
  add("\r\n", kFoldSpaceChar);
  add(" #", kBadTargetChar);
  for (unsigned i = 0; i < 256; ++i) {
    unsigned kind = 0;
    if (i < 0x20 || i == 0x7f) kind = kControlChar | kBadTargetChar;
    if (i >= 0x80) kind = kOddTargetChar;
    classes[i] = static_cast<std::uint8_t>(classes[i] | kind);
  }
  return classes;
}
inline constexpr std::array<std::uint8_t, 256> kCharClasses = make_char_classes();

constexpr bool is(char c, unsigned kind) { return (kCharClasses[static_cast<unsigned char>(c)] & kind) != 0; }
constexpr bool is_digit(char c) { return c >= '0' && c <= '9'; }

/// Index of the first control byte (HTAB included, DEL too) from `at` on, else the size. Eight bytes a step.
inline std::size_t find_control(std::string_view text, std::size_t at) {
  constexpr std::uint64_t ones = 0x0101010101010101u;
  constexpr std::uint64_t highs = 0x8080808080808080u;
  for (; at + 8 <= text.size(); at += 8) {
    std::uint64_t word;
    std::memcpy(&word, text.data() + at, 8);
    const std::uint64_t below_space = (word - ones * 0x20) & ~word;
    const std::uint64_t del = word ^ (ones * 0x7f);
    const std::uint64_t is_del = (del - ones) & ~del;
    if (((below_space | is_del) & highs) != 0) break;
  }
  while (at < text.size() && !is(text[at], kControlChar)) ++at;
  return at;
}

/// Index of the first byte of class `kind`, else the size.
constexpr std::size_t find_class(std::string_view text, unsigned kind) {
  std::size_t at = 0;
  while (at < text.size() && !is(text[at], kind)) ++at;
  return at;
}

/// `text` without bytes of class `kind` at both ends. The view stays inside the same bytes, also when empty.
constexpr std::string_view trim(std::string_view text, unsigned kind) {
  while (!text.empty() && is(text.back(), kind)) text.remove_suffix(1);
  while (!text.empty() && is(text.front(), kind)) text.remove_prefix(1);
  return text;
}
constexpr std::string_view trim(std::string_view text) { return trim(text, kSpaceChar); }

/// Calls `use` with each item of a comma-separated list: outer whitespace (folds too) is gone, items may be empty.
template <class Use>
constexpr void for_each_item(std::string_view list, Use use) {
  for (;;) {
    const auto comma = list.find(',');
    use(trim(list.substr(0, comma), kFoldSpaceChar));
    if (comma == std::string_view::npos) return;
    list.remove_prefix(comma + 1);
  }
}

}  // namespace tapedeck::http
