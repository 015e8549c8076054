#include "http/filter_lexer.hpp"

#include <algorithm>

#include <fmt/format.h>

namespace tapedeck::http {
namespace {

constexpr std::string_view kBlank = " \t\r\n";
constexpr std::string_view kNoWord = " \t\r\n()[],\"=!<>~";

}  // namespace

Error filter_error(std::size_t position, std::string_view expected) {
  return make_error(fmt::format("filter, position {}: {}", position + 1, expected));
}

Result<FilterToken> FilterLexer::next() {
  x_at = std::min(x_text.find_first_not_of(kBlank, x_at), x_text.size());
  FilterToken token;
  token.position = x_at;
  if (x_at == x_text.size()) return token;
  const std::string_view rest = x_text.substr(x_at);
  if (rest.front() == '"') return string(std::move(token));
  if (const std::size_t length = std::min(rest.find_first_of(kNoWord), rest.size()); length != 0) {
    token.kind = FilterToken::Kind::word;
    token.text = rest.substr(0, length);
  } else {
    token.kind = FilterToken::Kind::symbol;
    const std::string_view two = rest.substr(0, 2);
    const bool is_two = two == "==" || two == "!=" || two == "<=" || two == ">=" || two == "!~";
    token.text = rest.substr(0, is_two ? 2 : 1);
  }
  x_at += token.text.size();
  return token;
}

Result<FilterToken> FilterLexer::string(FilterToken token) {
  for (std::size_t i = x_at + 1; i < x_text.size(); ++i) {
    const char c = x_text[i];
    if (c == '"') {
      token.kind = FilterToken::Kind::string;
      token.text = x_text.substr(x_at, i + 1 - x_at);
      x_at = i + 1;
      return token;
    }
    // \" is the only escape: other backslashes are the regular expression's, and \\ is taken whole so that it escapes
    // no quote.
    const char after = i + 1 < x_text.size() ? x_text[i + 1] : '\0';
    if (c == '\\' && (after == '"' || after == '\\')) {
      if (after == '\\') token.value += c;
      token.value += after;
      ++i;
    } else {
      token.value += c;
    }
  }
  return filter_error(x_at, "this string has no closing quote");
}

Result<std::string_view> FilterLexer::bracketed_name() {
  const auto end = x_text.find(']', x_at);
  const std::string_view name = x_text.substr(x_at, end == x_text.npos ? end : end - x_at);
  if (end == x_text.npos || name.empty() || name.find_first_of(kNoWord) != name.npos) {
    return filter_error(x_at, "expected a header's name and `]`, as in header[user-agent]");
  }
  x_at = end + 1;
  return name;
}

}  // namespace tapedeck::http
