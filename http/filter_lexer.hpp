#pragma once
#include <cstdint>
#include <string>
#include <string_view>

#include "base/error.hpp"

namespace tapedeck::http {

struct FilterToken {
  enum class Kind : std::uint8_t { end, word, string, symbol };
  Kind kind = Kind::end;
  std::string_view text;  // as written, quotes included
  std::string value;      // of a string: without quotes and their escapes
  std::size_t position = 0;
};

/// A filter expression's words, "strings" and symbols, one at a time.
class FilterLexer {
 public:
  explicit FilterLexer(std::string_view text) : x_text(text) {}
  Result<FilterToken> next();
  /// What stands between `[` (already taken) and `]`.
  Result<std::string_view> bracketed_name();

 private:
  Result<FilterToken> string(FilterToken token);

  std::string_view x_text;
  std::size_t x_at = 0;
};

/// `filter: position 7: expected an operator after path, found "foo"`
Error filter_error(std::size_t position, std::string_view expected);

}  // namespace tapedeck::http
