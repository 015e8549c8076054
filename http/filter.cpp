#include "http/filter.hpp"

#include <algorithm>
#include <array>
#include <cstring>
#include <optional>

#include <re2/re2.h>
#include <xxhash.h>

#include "http/filter_parser.hpp"
#include "http/url.hpp"

namespace tapedeck::http {
namespace {

using Node = Filter::Node;

re2::StringPiece piece(std::string_view text) { return {text.data(), text.size()}; }

/// For `==`, `~` and `in`; their negations ask this and say the opposite.
bool text_matches(const FilterComparison& c, std::string_view value) {
  if (c.pattern) return re2::RE2::PartialMatch(piece(value), *c.pattern);
  return std::ranges::find(c.texts, value) != c.texts.end();
}

bool header_matches(const FilterComparison& c, std::string_view head) {
  bool present = false;
  const bool matches = any_field(head, c.header, [&](std::string_view value) {
    present = true;
    return text_matches(c, value);
  });
  return matches || (!present && text_matches(c, {}));
}

/// As `192.0.2.1:80`, or the address alone: `192.0.2.1`, `2001:db8::1`.
bool client_matches(const FilterComparison& c, const Exchange& exchange) {
  const std::string text = exchange.connection ? to_string(exchange.connection->client) : std::string();
  if (c.pattern || text_matches(c, text)) return text_matches(c, text);
  std::string_view address = std::string_view(text).substr(0, text.rfind(':'));
  if (text_matches(c, address)) return true;
  if (address.starts_with('[')) address = address.substr(1, address.size() - 2);
  return text_matches(c, address);
}

std::string lower_host(const Exchange& exchange) {
  std::string host(host_of(exchange.request.head));
  for (char& ch : host) ch = ch >= 'A' && ch <= 'Z' ? static_cast<char>(ch | 0x20) : ch;
  return host;
}

bool any_text_matches(const FilterComparison& c, const Exchange& exchange) {
  const std::string_view head = exchange.request.head;
  switch (c.field) {
    case FilterField::method: return text_matches(c, request_line_of(head).method);
    case FilterField::host: return text_matches(c, lower_host(exchange));
    case FilterField::target: return text_matches(c, request_line_of(head).target);
    case FilterField::header: return header_matches(c, head);
    case FilterField::response_header: return header_matches(c, exchange.response.head);
    case FilterField::client: return client_matches(c, exchange);
    case FilterField::path:
      return text_matches(c, head.empty() ? std::string_view{} : split_target(request_line_of(head).target).path);
    default: return text_matches(c, split_target(request_line_of(head).target).query);
  }
}

std::int64_t size_of(const Body& body) {
  const std::uint64_t size = body.wire_length.value_or(body.bytes.size());
  return static_cast<std::int64_t>(std::min<std::uint64_t>(size, INT64_MAX));
}

/// Nothing where the exchange has none.
std::optional<std::int64_t> number_of(FilterField field, const Exchange& exchange) {
  switch (field) {
    case FilterField::status: return exchange.status;
    case FilterField::request_size: return size_of(exchange.request.body);
    case FilterField::response_size: return size_of(exchange.response.body);
    case FilterField::connection:
      return exchange.connection ? static_cast<std::int64_t>(exchange.connection->number) : 0;
    default: break;
  }
  if (!exchange.has_response() || !exchange.has_request()) return std::nullopt;
  return (exchange.response.last - exchange.request.first).count();
}

bool number_holds(const FilterComparison& c, std::int64_t value) {
  switch (c.op) {
    case FilterOperator::less: return value < c.numbers.front();
    case FilterOperator::less_equal: return value <= c.numbers.front();
    case FilterOperator::greater: return value > c.numbers.front();
    case FilterOperator::greater_equal: return value >= c.numbers.front();
    case FilterOperator::not_equal: return value != c.numbers.front();
    default: return std::ranges::find(c.numbers, value) != c.numbers.end();
  }
}

bool holds(const FilterComparison& c, const Exchange& exchange) {
  if (!c.numbers.empty()) {
    const auto value = number_of(c.field, exchange);
    return value && number_holds(c, *value);
  }
  const bool negated = c.op == FilterOperator::not_equal || c.op == FilterOperator::no_search;
  return any_text_matches(c, exchange) != negated;
}

bool evaluate(const Node& node, const Exchange& exchange) {
  const auto child = [&exchange](const auto& inner) { return evaluate(*inner, exchange); };
  switch (node.kind) {
    case Node::Kind::all_of: return std::ranges::all_of(node.children, child);
    case Node::Kind::any_of: return std::ranges::any_of(node.children, child);
    case Node::Kind::negation: return !child(node.children.front());
    case Node::Kind::comparison: break;
  }
  return holds(node.comparison, exchange);
}

bool asks_for_response(const Node& node) {
  if (node.kind == Node::Kind::comparison) {
    const FilterField field = node.comparison.field;
    return field == FilterField::status || field == FilterField::duration || field == FilterField::response_header ||
           field == FilterField::response_size;
  }
  return std::ranges::any_of(node.children, [](const auto& inner) { return asks_for_response(*inner); });
}

}  // namespace

Result<Filter> Filter::parse(std::string_view text) {
  auto root = parse_filter(text);
  if (!root) return root.error();
  Filter filter;
  filter.x_root = std::move(*root);
  filter.x_text = text;
  return filter;
}

bool Filter::matches(const Exchange& exchange) const { return !x_root || evaluate(*x_root, exchange); }

bool Filter::needs_response() const { return x_root && asks_for_response(*x_root); }

bool Sample::keeps(const Connection& connection) const {
  if (x_share >= 1.0) return true;
  // Address, its size, port and number, little-endian: the same in every run and on every machine.
  std::array<std::uint8_t, 16 + 1 + 2 + 8> key{};
  std::ranges::copy(connection.client.bytes, key.begin());
  key[16] = connection.client.size;
  for (std::size_t i = 0; i < 2; ++i) key[17 + i] = static_cast<std::uint8_t>(connection.client.port >> (8 * i));
  for (std::size_t i = 0; i < 8; ++i) key[19 + i] = static_cast<std::uint8_t>(connection.number >> (8 * i));
  const std::uint64_t hash = XXH3_64bits(key.data(), key.size());
  return static_cast<double>(hash >> 11) * 0x1p-53 < x_share;
}

}  // namespace tapedeck::http
