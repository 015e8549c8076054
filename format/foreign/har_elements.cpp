#include "format/foreign/har_elements.hpp"

#include <fmt/format.h>

#include "format/format_error.hpp"

namespace tapedeck::format {
namespace {

constexpr std::size_t kKeptCapacity = 4 << 20;  // what a large element took is given back
constexpr std::size_t kLongestKey = 4096;
constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";

bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

/// Finds the end of one value, a piece at a time.
class ValueEnd {
 public:
  explicit ValueEnd(char first) : x_scalar(first != '{' && first != '[' && first != '"') {}

  /// How many bytes of `piece` belong to the value; done() says whether it ends there.
  std::size_t take(std::string_view piece) {
    std::size_t at = 0;
    while (at < piece.size() && !x_done) at = x_in_string ? take_string(piece, at) : take_structure(piece, at);
    return at;
  }
  bool done() const { return x_done; }

 private:
  std::size_t take_string(std::string_view piece, std::size_t at) {
    for (; at < piece.size(); ++at) {
      const char c = piece[at];
      if (x_escaped) {
        x_escaped = false;
      } else if (c == '\\') {
        x_escaped = true;
      } else if (c == '"') {
        x_in_string = false;
        x_done = x_depth == 0;
        return at + 1;
      }
    }
    return at;
  }

  std::size_t take_structure(std::string_view piece, std::size_t at) {
    for (; at < piece.size(); ++at) {
      const char c = piece[at];
      if (x_scalar && (is_blank(c) || c == ',' || c == ']' || c == '}')) {
        x_done = true;
        return at;
      }
      if (c == '"') {
        x_in_string = true;
        return at + 1;
      }
      if (c == '{' || c == '[') ++x_depth;
      if ((c == '}' || c == ']') && --x_depth == 0) {
        x_done = true;
        return at + 1;
      }
    }
    return at;
  }

  bool x_scalar;
  bool x_in_string = false;
  bool x_escaped = false;
  bool x_done = false;
  std::uint64_t x_depth = 0;
};

}  // namespace

HarElements::HarElements(std::unique_ptr<ByteStream> from, std::size_t largest)
    : x_window(std::move(from)), x_largest(largest) {}

Error HarElements::broken(std::string_view why) const {
  return make_error(errc::damaged, fmt::format("not a whole HAR document: {} at byte {}", why, x_window.position()));
}

Error HarElements::cut_off() const {
  if (const auto damage = x_window.damage()) return broken(damage->what + ",");
  return broken("it ends too early,");
}

Result<bool> HarElements::more() {
  if (!x_window.seen().empty()) return true;
  return x_window.grow();
}

Result<std::optional<char>> HarElements::skip_blanks() {
  for (;; x_window.take(1)) {
    const auto any = more();
    if (!any) return any.error();
    if (!*any) return std::optional<char>();
    if (!is_blank(front())) return std::optional(front());
  }
}

Result<char> HarElements::next_character() {
  const auto c = skip_blanks();
  if (!c) return c.error();
  if (!*c) return cut_off();
  return **c;
}

Result<std::optional<std::string_view>> HarElements::next() {
  x_in_element = false;
  while (x_place != Place::end) {
    auto element = step();
    if (!element) x_place = Place::end;
    if (!element || *element) return element;
  }
  return std::optional<std::string_view>();
}

Result<std::optional<std::string_view>> HarElements::step() {
  if (x_place == Place::entries) return next_element();
  if (x_place == Place::start) {
    if (const auto entered = enter_document(); !entered) return entered.error();
    return std::optional<std::string_view>();
  }
  const auto name = next_member();
  if (!name) return name.error();
  if (name->has_value()) {
    if (const auto passed = pass_member(**name); !passed) return passed.error();
    return std::optional<std::string_view>();
  }
  if (const auto left = leave(); !left) return left.error();
  return std::optional<std::string_view>();
}

Result<void> HarElements::leave() {
  if (x_place == Place::log) {
    x_place = Place::document;
    x_first_item = false;
    return {};
  }
  if (!x_found_entries) return broken("there is no log.entries,");
  const auto rest = skip_blanks();
  if (!rest) return rest.error();
  if (*rest) return broken("something follows its end,");
  x_place = Place::end;
  return {};
}

Result<void> HarElements::enter_document() {
  for (const char mark : kByteOrderMark) {
    const auto any = more();
    if (!any) return any.error();
    if (!*any || front() != mark) break;
    x_window.take(1);
  }
  return enter(Place::document, '{', "an object");
}

Result<void> HarElements::enter(Place place, char bracket, std::string_view what) {
  const auto c = next_character();
  if (!c) return c.error();
  if (*c != bracket) return broken(fmt::format("there should be {}", what));
  x_window.take(1);
  x_place = place;
  x_first_item = true;
  return {};
}

Result<void> HarElements::pass_member(std::string_view name) {
  if (x_place == Place::document && name == "log") return enter(Place::log, '{', "an object, the log,");
  if (x_place == Place::log && name == "entries") {
    x_found_entries = true;
    return enter(Place::entries, '[', "a list, the entries,");
  }
  return value(Keep::no);
}

Result<bool> HarElements::another(char bracket) {
  auto c = next_character();
  if (!c) return c.error();
  const bool first = std::exchange(x_first_item, false);
  if (*c == bracket) {
    x_window.take(1);
    return false;
  }
  if (first) return true;
  if (*c != ',') return broken("there should be a comma");
  x_window.take(1);
  return true;
}

Result<std::optional<std::string>> HarElements::next_member() {
  const auto any = another('}');
  if (!any) return any.error();
  if (!*any) return std::optional<std::string>();
  auto name = key();
  if (!name) return name.error();
  const auto colon = next_character();
  if (!colon) return colon.error();
  if (*colon != ':') return broken("there should be a colon");
  x_window.take(1);
  return std::optional<std::string>(std::move(*name));
}

Result<std::string> HarElements::key() {
  const auto quote = next_character();
  if (!quote) return quote.error();
  if (*quote != '"') return broken("there should be a member's name");
  x_element.clear();
  x_overflow = false;
  if (const auto read = value(Keep::yes); !read) return read.error();
  if (x_overflow || x_element.size() > kLongestKey) return broken("a member's name is too long,");
  return x_element.substr(1, x_element.size() - 2);
}

Result<std::optional<std::string_view>> HarElements::next_element() {
  const auto any = another(']');
  if (!any) return any.error();
  if (!*any) {
    x_place = Place::log;
    x_first_item = false;
    return std::optional<std::string_view>();
  }
  if (x_element.capacity() > kKeptCapacity) x_element = {};
  x_element.clear();
  x_overflow = false;
  x_in_element = true;
  if (const auto read = value(Keep::yes); !read) return read.error();
  x_in_element = false;
  if (!x_overflow) return std::optional<std::string_view>(x_element);
  ++x_too_large;
  return std::optional<std::string_view>();
}

Result<void> HarElements::value(Keep keep) {
  const auto first = next_character();
  if (!first) return first.error();
  if (*first == ',' || *first == '}' || *first == ']' || *first == ':') return broken("there should be a value");
  ValueEnd end(*first);
  while (!end.done()) {
    const auto any = more();
    if (!any) return any.error();
    if (!*any) return cut_off();
    const std::string_view piece = x_window.seen();
    const std::size_t taken = end.take(piece);
    keep_piece(piece.substr(0, taken), keep);
    x_window.take(taken);
  }
  return {};
}

void HarElements::keep_piece(std::string_view piece, Keep keep) {
  if (keep == Keep::no || x_overflow) return;
  if (x_element.size() + piece.size() > x_largest) {
    x_overflow = true;
    x_element = {};
    return;
  }
  x_element += piece;
}

}  // namespace tapedeck::format
