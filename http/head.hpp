#pragma once
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "base/bytes.hpp"
#include "http/exchange.hpp"

namespace tapedeck::http {

/// One field line of a head: views into the head's bytes. `value` has no outer whitespace.
struct Field {
  std::string_view name;
  std::string_view value;
};

/// Where a parser puts the fields of the head it stands at. Lives beside the buffer; reused, so that a message
/// allocates nothing.
using FieldTable = std::vector<Field>;

/// A parsed head: views, valid as long as the parser's `head` event says.
struct Head {
  Side side = Side::request;
  std::string_view raw;  // start line through the empty line
  std::string_view method;
  std::string_view target;
  Version version = Version::http_1_1;
  std::uint16_t status = 0;
  std::string_view reason;
  std::span<const Field> fields;

  std::optional<std::string_view> find(std::string_view name) const;  // first, any case
  /// `token` among the comma-separated items of all fields of this name, any case.
  bool has_token(std::string_view name, std::string_view token) const;
};

bool equals_ignoring_case(std::string_view a, std::string_view b);

enum class Framing : std::uint8_t { none, length, chunked, until_close };

}  // namespace tapedeck::http
