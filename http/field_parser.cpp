#include "http/field_parser.hpp"

#include "http/chars.hpp"
#include "http/field_names.hpp"
#include "http/start_line.hpp"

#include <cstdint>
#include <cstring>

namespace tapedeck::http {
namespace {

/// Index of the first control byte (HTAB included, DEL too) from `at` on, else the size. Eight bytes a step.
std::size_t find_control(std::string_view text, std::size_t at) {
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

bool check_value(std::string_view value, Judge& judge) {
  for (auto at = find_control(value, 0); at < value.size(); at = find_control(value, at + 1)) {
    switch (value[at]) {
      case '\t':
        break;
      case '\0':
        if (judge.refuses(Rule::field_value)) return false;
        break;
      case '\r':
        if (judge.refuses(Rule::bare_cr)) return false;
        judge.doubt_framing();
        break;
      default:
        if (judge.refuses_request(Rule::field_value)) return false;
    }
  }
  return true;
}

bool is_framing_field(std::string_view name) {
  const auto field = known_field(name).field;
  return field == KnownField::content_length || field == KnownField::transfer_encoding;
}

/// One head or trailer section.
class FieldReader {
 public:
  FieldReader(Judge& judge, FieldTable* table) : x_judge(judge), x_table(table) {}

  bool line(std::string_view line) {
    if (!strip_line_end(line, x_judge)) return false;
    if (!line.empty() && is(line.front(), kSpaceChar)) return folded_line(line);
    std::size_t name_end = 0;
    while (name_end < line.size() && is(line[name_end], kTokenChar)) ++name_end;
    auto colon = name_end;
    if (name_end == 0 || name_end == line.size() || line[name_end] != ':') {
      if (!irregular_name(line, name_end, colon)) return false;
      if (colon == std::string_view::npos) return true;
    }
    const auto value = line.substr(colon + 1);
    if (!check_value(value, x_judge)) return false;
    x_field = {line.substr(0, name_end), trim(value)};
    x_has_field = true;
    if (x_table != nullptr) x_table->push_back(x_field);
    return true;
  }

 private:
  /// Anything but a token and its colon. `colon` becomes npos if an observer has to pass over the line.
  bool irregular_name(std::string_view line, std::size_t& name_end, std::size_t& colon) {
    auto at = name_end;
    while (at < line.size() && is(line[at], kSpaceChar)) ++at;
    if (name_end > 0 && at > name_end && at < line.size() && line[at] == ':') {
      if (x_judge.refuses_request(Rule::space_before_colon)) return false;
      if (is_framing_field(line.substr(0, name_end))) x_judge.doubt_framing();
      colon = at;
      return true;
    }
    if (x_judge.refuses(Rule::field_name)) return false;
    colon = line.find(':');
    if (colon == 0) colon = std::string_view::npos;
    if (colon == std::string_view::npos) x_has_field = false;
    name_end = colon;
    return true;
  }

  bool folded_line(std::string_view line) {
    if (!x_has_field) {
      if (x_judge.refuses(x_any ? Rule::obs_fold : Rule::leading_space)) return false;
      x_judge.doubt_framing();
      return true;
    }
    if (x_judge.refuses_request(Rule::obs_fold)) return false;
    if (is_framing_field(x_field.name)) {
      if (x_judge.refuses(Rule::obs_fold)) return false;
      x_judge.doubt_framing();
    }
    if (!check_value(line, x_judge)) return false;
    const char* begin = x_field.value.data();
    const auto length = static_cast<std::size_t>(line.data() + line.size() - begin);
    x_field.value = trim(std::string_view(begin, length), kFoldSpaceChar);
    if (x_table != nullptr) x_table->back().value = x_field.value;
    return true;
  }

 public:
  void after_line() { x_any = true; }

 private:
  Judge& x_judge;
  FieldTable* x_table;
  Field x_field;             // the last one, which the next line may continue
  bool x_has_field = false;  // whether the last line was a field
  bool x_any = false;
};

bool read_lines(std::string_view lines, Judge& judge, FieldTable* table) {
  FieldReader reader(judge, table);
  while (!lines.empty()) {
    const auto end = lines.find('\n');
    if (!reader.line(lines.substr(0, end))) return false;
    reader.after_line();
    lines.remove_prefix(end == std::string_view::npos ? lines.size() : end + 1);
  }
  return true;
}

}  // namespace

bool parse_fields(std::string_view lines, Judge& judge, FieldTable& table) {
  return read_lines(lines, judge, &table);
}

Field next_field_line(std::string_view& lines) {
  const auto end = lines.find('\n');
  const auto line = trim(lines.substr(0, end), kFoldSpaceChar);
  lines.remove_prefix(end == std::string_view::npos ? lines.size() : end + 1);
  const auto colon = line.find(':');
  if (colon == std::string_view::npos) return {};
  return {trim(line.substr(0, colon)), trim(line.substr(colon + 1))};
}

bool check_trailers(std::string_view lines, Judge& judge) {
  // Read as a request's would be: nothing in a trailer is worth mending.
  Judge reading{Side::request, judge.mode, {}};
  const bool whole = read_lines(lines, reading, nullptr);
  for (const auto rule : {Rule::bare_cr, Rule::bare_lf}) {
    if (!reading.fired.has(rule)) continue;
    if (judge.refuses(rule)) return false;
    judge.doubt_framing();
  }
  RuleSet line_ends;
  line_ends.add(Rule::bare_cr);
  line_ends.add(Rule::bare_lf);
  line_ends.add(Rule::framing_ambiguous);
  const bool broken = !whole || (reading.fired | line_ends) != line_ends;
  if (broken && judge.refuses(Rule::trailer)) return false;
  while (!lines.empty()) {
    const auto field = next_field_line(lines);
    if (is_forbidden_trailer(field.name)) judge.note(Rule::trailer_forbidden);
  }
  return true;
}

}  // namespace tapedeck::http
