#include "http/filter_parser.hpp"

#include <algorithm>
#include <array>
#include <optional>

#include <fmt/format.h>
#include <re2/re2.h>

#include "base/byte_size.hpp"
#include "base/quantity.hpp"
#include "base/text.hpp"
#include "base/whole_number.hpp"
#include "http/filter_lexer.hpp"

namespace tapedeck::http {
namespace {

using Node = Filter::Node;
using NodeResult = Result<std::unique_ptr<Node>>;
using Kind = FilterToken::Kind;

constexpr std::size_t kMaxText = 64 * 1024;
constexpr int kMaxDepth = 64;
constexpr std::int64_t kPatternMemory = 8 << 20;

/// What a field's values are, and with it the operators and literals it takes.
enum class Type : std::uint8_t { text, number, duration, size };

struct FieldName {
  std::string_view name;
  FilterField field;
  Type type;
};
constexpr std::array kFields = {
    FieldName{"method", FilterField::method, Type::text},
    FieldName{"host", FilterField::host, Type::text},
    FieldName{"path", FilterField::path, Type::text},
    FieldName{"query", FilterField::query, Type::text},
    FieldName{"target", FilterField::target, Type::text},
    FieldName{"header", FilterField::header, Type::text},
    FieldName{"response.header", FilterField::response_header, Type::text},
    FieldName{"status", FilterField::status, Type::number},
    FieldName{"duration", FilterField::duration, Type::duration},
    FieldName{"request.size", FilterField::request_size, Type::size},
    FieldName{"response.size", FilterField::response_size, Type::size},
    FieldName{"connection", FilterField::connection, Type::number},
    FieldName{"client", FilterField::client, Type::text},
};

struct OperatorName {
  std::string_view name;
  FilterOperator op;
};
constexpr std::array kOperators = {
    OperatorName{"==", FilterOperator::equal},  OperatorName{"!=", FilterOperator::not_equal},
    OperatorName{"<", FilterOperator::less},    OperatorName{"<=", FilterOperator::less_equal},
    OperatorName{">", FilterOperator::greater}, OperatorName{">=", FilterOperator::greater_equal},
    OperatorName{"~", FilterOperator::search},  OperatorName{"!~", FilterOperator::no_search},
    OperatorName{"in", FilterOperator::in},
};

template <class Names>
auto find_name(const Names& names, std::string_view name) -> decltype(&names[0]) {
  const auto found = std::ranges::find_if(names, [name](const auto& entry) { return entry.name == name; });
  return found == names.end() ? nullptr : &*found;
}

bool is_search(FilterOperator op) { return op == FilterOperator::search || op == FilterOperator::no_search; }

bool fits(Type type, FilterOperator op) {
  if (op == FilterOperator::equal || op == FilterOperator::not_equal || op == FilterOperator::in) return true;
  return is_search(op) == (type == Type::text);
}

std::string_view operators_for(Type type) {
  return type == Type::text ? "==, !=, ~, !~ or in" : "==, !=, <, <=, >, >= or in";
}

std::string_view literal_for(Type type) {
  switch (type) {
    case Type::text: return "a text such as \"GET\"";
    case Type::number: return "a whole number such as 500";
    case Type::duration: return "a duration such as 300ms";
    case Type::size: return "a size such as 10KiB";
  }
  return {};
}

std::optional<std::int64_t> number_of(Type type, std::string_view text) {
  if (type == Type::duration) {
    const auto duration = parse_duration(text);
    return duration ? std::optional(duration->count()) : std::nullopt;
  }
  if (type == Type::size) {
    const auto size = parse_byte_size(text);
    if (!size) return std::nullopt;
    return static_cast<std::int64_t>(std::min<std::uint64_t>(size->bytes, INT64_MAX));
  }
  const auto number = whole_number<std::int64_t>(text);
  return number && *number >= 0 ? number : std::nullopt;
}

bool is_keyword(const FilterToken& token) {
  return token.kind == Kind::word &&
         (token.text == "and" || token.text == "or" || token.text == "not" || token.text == "in");
}

/// Recursive descent: or binds weakest, then and, then not.
class Parser {
 public:
  explicit Parser(std::string_view text) : x_lexer(text) {}

  NodeResult parse() {
    if (auto ok = advance(); !ok) return ok.error();
    NodeResult root = any_of(0);
    if (!root) return root;
    if (x_token.kind != Kind::end) return unexpected("`and`, `or` or the end");
    return root;
  }

 private:
  Result<void> advance() {
    auto token = x_lexer.next();
    if (!token) return token.error();
    x_token = std::move(*token);
    return {};
  }

  Error unexpected(std::string_view expected) const {
    const std::string found = x_token.kind == Kind::end ? "the end" : fmt::format("`{}`", x_token.text);
    return filter_error(x_token.position, fmt::format("expected {}, found {}", expected, found));
  }

  bool at_word(std::string_view word) const { return x_token.kind == Kind::word && x_token.text == word; }
  bool at_symbol(std::string_view symbol) const { return x_token.kind == Kind::symbol && x_token.text == symbol; }

  NodeResult any_of(int depth) {
    return chain(Node::Kind::any_of, "or",
                 [this, depth] { return chain(Node::Kind::all_of, "and", [this, depth] { return operand(depth); }); });
  }

  template <class Part>
  NodeResult chain(Node::Kind kind, std::string_view word, const Part& part) {
    NodeResult first = part();
    if (!first || !at_word(word)) return first;
    auto node = std::make_unique<Node>();
    node->kind = kind;
    node->children.push_back(std::move(*first));
    while (at_word(word)) {
      if (auto ok = advance(); !ok) return ok.error();
      NodeResult next = part();
      if (!next) return next;
      node->children.push_back(std::move(*next));
    }
    return node;
  }

  NodeResult operand(int depth) {
    if (depth == kMaxDepth) return filter_error(x_token.position, "nested too deeply");
    if (at_word("not")) {
      if (auto ok = advance(); !ok) return ok.error();
      NodeResult inner = operand(depth + 1);
      if (!inner) return inner;
      auto node = std::make_unique<Node>();
      node->kind = Node::Kind::negation;
      node->children.push_back(std::move(*inner));
      return node;
    }
    if (!at_symbol("(")) return comparison();
    if (auto ok = advance(); !ok) return ok.error();
    NodeResult inner = any_of(depth + 1);
    if (!inner) return inner;
    if (!at_symbol(")")) return unexpected("`and`, `or` or `)`");
    if (auto ok = advance(); !ok) return ok.error();
    return inner;
  }

  NodeResult comparison() {
    const FieldName* field = x_token.kind == Kind::word ? find_name(kFields, x_token.text) : nullptr;
    if (field == nullptr) {
      return unexpected(
          "a field (method, host, path, query, target, header[NAME], response.header[NAME], status, duration, "
          "request.size, "
          "response.size, connection, client), `not` or `(`");
    }
    auto node = std::make_unique<Node>();
    node->comparison.field = field->field;
    if (auto ok = advance(); !ok) return ok.error();
    if (field->field == FilterField::header || field->field == FilterField::response_header) {
      if (auto ok = header_name(node->comparison); !ok) return ok.error();
    }
    const bool may_be_operator = x_token.kind == Kind::symbol || at_word("in");
    const OperatorName* op = may_be_operator ? find_name(kOperators, x_token.text) : nullptr;
    if (op == nullptr || !fits(field->type, op->op)) {
      return unexpected(fmt::format("{} after {}", operators_for(field->type), field->name));
    }
    node->comparison.op = op->op;
    if (auto ok = advance(); !ok) return ok.error();
    const auto ok = op->op == FilterOperator::in ? list(*field, node->comparison) : literal(*field, node->comparison);
    if (!ok) return ok.error();
    return node;
  }

  Result<void> header_name(FilterComparison& comparison) {
    if (!at_symbol("[")) return unexpected("`[` and a header's name, as in header[user-agent]");
    const auto name = x_lexer.bracketed_name();
    if (!name) return name.error();
    comparison.header = to_lower(*name);
    return advance();
  }

  Result<void> list(const FieldName& field, FilterComparison& comparison) {
    if (!at_symbol("(")) return unexpected("`(` and a list, as in (\"a\", \"b\")");
    do {
      if (auto ok = advance(); !ok) return ok;
      if (auto ok = literal(field, comparison); !ok) return ok;
    } while (at_symbol(","));
    if (!at_symbol(")")) return unexpected("`,` or `)`");
    return advance();
  }

  Result<void> literal(const FieldName& field, FilterComparison& comparison) {
    const bool is_literal = (x_token.kind == Kind::word && !is_keyword(x_token)) || x_token.kind == Kind::string;
    if (!is_literal) return unexpected(literal_for(field.type));
    std::string value = x_token.kind == Kind::string ? x_token.value : std::string(x_token.text);
    if (field.type != Type::text) {
      const auto number = number_of(field.type, value);
      if (!number) return unexpected(literal_for(field.type));
      comparison.numbers.push_back(*number);
    } else if (is_search(comparison.op)) {
      if (auto ok = pattern(value, comparison); !ok) return ok;
    } else {
      comparison.texts.push_back(field.field == FilterField::host ? to_lower(value) : std::move(value));
    }
    return advance();
  }

  Result<void> pattern(const std::string& value, FilterComparison& comparison) const {
    re2::RE2::Options options;
    options.set_log_errors(false);
    options.set_max_mem(kPatternMemory);
    comparison.pattern = std::make_unique<re2::RE2>(value, options);
    if (comparison.pattern->ok()) return {};
    return filter_error(x_token.position,
                        fmt::format("expected an RE2 regular expression: {}", comparison.pattern->error()));
  }

  FilterLexer x_lexer;
  FilterToken x_token;
};

}  // namespace

Filter::Node::Node() = default;
Filter::Node::~Node() = default;

NodeResult parse_filter(std::string_view text) {
  if (text.size() > kMaxText) return filter_error(kMaxText, "longer than 64 KiB");
  return Parser(text).parse();
}

}  // namespace tapedeck::http
