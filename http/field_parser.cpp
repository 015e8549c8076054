#include "http/field_parser.hpp"

#include "http/chars.hpp"
#include "http/field_names.hpp"
#include "http/start_line.hpp"

namespace tapedeck::http {
namespace {

bool check_value(std::string_view value, Judge& judge) {
  for (auto at = find_control(value, 0); at < value.size(); at = find_control(value, at + 1)) {
    switch (value[at]) {
      case '\t': break;
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

  /// Cuts off a line about which nothing is remarkable, as nearly all are. False: any other line, left in place.
  bool plain_line(std::string_view& lines) {
    std::size_t name_end = 0;
    while (name_end < lines.size() && is(lines[name_end], kTokenChar)) ++name_end;
    if (name_end == 0 || name_end == lines.size() || lines[name_end] != ':') return false;
    const auto value_end = find_control(lines, name_end + 1);
    if (!lines.substr(value_end).starts_with("\r\n")) return false;
    add({lines.substr(0, name_end), trim(lines.substr(name_end + 1, value_end - name_end - 1))});
    lines.remove_prefix(value_end + 2);
    return true;
  }

  bool line(std::string_view line) {
    const bool first = !x_any;
    x_any = true;
    if (!strip_line_end(line, x_judge)) return false;
    if (!line.empty() && is(line.front(), kSpaceChar)) return folded_line(line, first);
    std::size_t name_end = 0;
    while (name_end < line.size() && is(line[name_end], kTokenChar)) ++name_end;
    auto colon = name_end;
    if (name_end == 0 || name_end == line.size() || line[name_end] != ':') {
      if (!irregular_name(line, name_end, colon)) return false;
      if (colon == std::string_view::npos) return true;
    }
    const auto value = line.substr(colon + 1);
    if (!check_value(value, x_judge)) return false;
    add({line.substr(0, name_end), trim(value)});
    return true;
  }

 private:
  void add(const Field& field) {
    x_field = field;
    x_has_field = x_any = true;
    if (x_table != nullptr) x_table->push_back(field);
  }

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

  bool folded_line(std::string_view line, bool first) {
    if (!x_has_field) {
      if (x_judge.refuses(first ? Rule::leading_space : Rule::obs_fold)) return false;
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

  Judge& x_judge;
  FieldTable* x_table;
  Field x_field;             // the last one, which the next line may continue
  bool x_has_field = false;  // whether the last line was a field
  bool x_any = false;        // whether there was a line
};

bool read_lines(std::string_view lines, Judge& judge, FieldTable* table) {
  FieldReader reader(judge, table);
  while (!lines.empty()) {
    if (reader.plain_line(lines)) continue;
    const auto end = lines.find('\n');
    if (!reader.line(lines.substr(0, end))) return false;
    lines.remove_prefix(end == std::string_view::npos ? lines.size() : end + 1);
  }
  return true;
}

}  // namespace

bool parse_fields(std::string_view lines, Judge& judge, FieldTable& table) { return read_lines(lines, judge, &table); }

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
