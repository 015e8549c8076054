#include "diff/header_diff.hpp"

#include <algorithm>
#include <map>
#include <optional>
#include <set>

#include "base/text.hpp"

namespace tapedeck::diff {
namespace {

using Values = std::vector<std::string>;
using FieldMap = std::map<std::string, Values>;

/// Items between commas that stand outside quotes; `key` in lower case.
struct Item {
  std::string key, value;
};
std::vector<std::string> split_list(const Values& values, char at) {
  std::vector<std::string> out;
  for (const std::string& value : values) {
    std::string item;
    bool quoted = false;
    for (std::size_t i = 0; i <= value.size(); ++i) {
      if (i == value.size() || (value[i] == at && !quoted)) {
        if (const auto trimmed = trim_blanks(item); !trimmed.empty()) out.emplace_back(trimmed);
        item.clear();
        continue;
      }
      if (value[i] == '"') quoted = !quoted;
      item += value[i];
    }
  }
  return out;
}

Item split_item(std::string_view item) {
  const std::size_t equals = item.find('=');
  if (equals == std::string_view::npos) return {to_lower(trim_blanks(item)), {}};
  return {to_lower(trim_blanks(item.substr(0, equals))), std::string(trim_blanks(item.substr(equals + 1)))};
}

bool is_one_of(std::string_view name, std::initializer_list<std::string_view> names) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

bool is_hop_by_hop(std::string_view name) {
  return is_one_of(name, {"connection", "keep-alive", "proxy-connection", "proxy-authenticate", "te", "trailer",
                          "transfer-encoding", "upgrade"});
}

bool is_token_list(std::string_view name) {
  return is_one_of(name,
                   {"vary", "cache-control", "allow", "pragma", "accept-ranges", "access-control-allow-methods",
                    "access-control-allow-headers", "access-control-expose-headers", "accept-patch", "accept-post"});
}

bool is_link(std::string_view name) { return name == "location" || name == "content-location"; }

std::optional<std::size_t> rule_for(const std::string& name, const std::set<std::string>& named_by_connection,
                                    bool& ignored) {
  ignored = true;
  if (is_hop_by_hop(name) || named_by_connection.contains(name)) return built_in_rule("header:hop-by-hop ignore");
  const std::size_t count = built_in_rules().size();
  if (const std::size_t rule = built_in_rule("header:" + name + " ignore"); rule < count) return rule;
  ignored = false;
  if (const std::size_t rule = built_in_rule("header:" + name + " presence"); rule < count) return rule;
  return std::nullopt;
}

std::string joined(const Values& values) {
  std::string out;
  for (const std::string& value : values) (out += out.empty() ? "" : ", ") += value;
  return out;
}

/// Compares the fields of one pair of messages.
class FieldDiff {
 public:
  FieldDiff(Location location, const PairFacts& facts, DifferenceList& out)
      : x_location(location), x_facts(facts), x_out(out) {}

  void missing(const std::string& path, std::string_view value) { emit(Difference{}, Kind::missing, path, value, {}); }
  void added(const std::string& path, std::string_view value) { emit(Difference{}, Kind::added, path, {}, value); }

  void texts(const std::string& path, std::string_view a, std::string_view b) {
    if (a == b) return;
    if (auto difference = compare_texts(a, b, x_facts)) {
      const Kind kind = difference->kind;
      emit(*std::move(difference), kind, path, a, b);
    }
  }

  // Directives and tokens: unordered, without case; `max-age=60` has a value.
  void token_lists(const std::string& name, const Values& a, const Values& b) {
    std::map<std::string, std::string> left, right;
    for (const std::string& item : split_list(a, ','))
      left.insert_or_assign(split_item(item).key, split_item(item).value);
    for (const std::string& item : split_list(b, ','))
      right.insert_or_assign(split_item(item).key, split_item(item).value);
    for (const auto& [key, value] : left) {
      const auto other = right.find(key);
      if (other == right.end())
        missing(name + "/" + key, with_value(key, value));
      else
        texts(name + "/" + key, value, other->second);
    }
    for (const auto& [key, value] : right) {
      if (!left.contains(key)) added(name + "/" + key, with_value(key, value));
    }
  }

  void content_types(const std::string& name, const Values& a, const Values& b) {
    const auto left = split_list({joined(a)}, ';');
    const auto right = split_list({joined(b)}, ';');
    texts(name, left.empty() ? "" : to_lower(left[0]), right.empty() ? "" : to_lower(right[0]));
    token_lists_of_parameters(name, left, right);
  }

  void links(const std::string& name, std::string_view a, std::string_view b) {
    const UrlParts left =
        without_own_host(resolve_reference(a, x_facts.primary.host, x_facts.request_target), x_facts.primary.host);
    const UrlParts right =
        without_own_host(resolve_reference(b, x_facts.candidate.host, x_facts.request_target), x_facts.candidate.host);
    if (left.authority != right.authority)
      part(name + "/host", left.authority, right.authority, a, b);
    else if (left.scheme != right.scheme)
      part(name + "/scheme", left.scheme, right.scheme, a, b);
    if (left.path != right.path) part(name + "/path", left.path, right.path, a, b);
    if (left.query != right.query) part(name + "/query", left.query, right.query, a, b);
    if (left.fragment != right.fragment) part(name + "/fragment", left.fragment, right.fragment, a, b);
  }

  void repeats(const std::string& name, const Values& a, const Values& b) {
    if (a.size() == b.size()) {
      for (std::size_t i = 0; i < a.size(); ++i) texts(name, a[i], b[i]);
    } else if (a.size() > b.size()) {
      missing(name, joined(a));
    } else {
      added(name, joined(b));
    }
  }

 private:
  static std::string with_value(const std::string& key, const std::string& value) {
    return value.empty() ? key : key + "=" + value;
  }

  void part(const std::string& path, std::string_view a, std::string_view b, std::string_view whole_a,
            std::string_view whole_b) {
    auto difference = compare_texts(a, b, x_facts);
    if (!difference) difference.emplace();
    if (difference->kind == Kind::value_class && (a.empty() || b.empty())) {  // a part that is only on one side
      difference->kind = a.empty() ? Kind::added : Kind::missing;
      difference->from.clear();
      difference->to.clear();
    }
    const Kind kind = difference->kind;
    emit(*std::move(difference), kind, path, whole_a, whole_b);
  }

  void token_lists_of_parameters(const std::string& name, const Values& a, const Values& b) {
    const auto parameters = [](const Values& parts) {
      Values out;
      for (std::size_t i = 1; i < parts.size(); ++i) {
        Item item = split_item(parts[i]);
        std::erase(item.value, '"');
        out.push_back(item.key + "=" + (item.key == "charset" ? to_lower(item.value) : item.value));
      }
      return out;
    };
    Values left = parameters(a);
    Values right = parameters(b);
    // A multipart boundary is made up anew each time.
    const auto is_boundary = [](const std::string& text) { return text.starts_with("boundary="); };
    if (std::any_of(left.begin(), left.end(), is_boundary) && std::any_of(right.begin(), right.end(), is_boundary)) {
      std::erase_if(left, is_boundary);
      std::erase_if(right, is_boundary);
    }
    token_lists(name, left, right);
  }

  void emit(Difference difference, Kind kind, const std::string& path, std::string_view a, std::string_view b) {
    difference.location = x_location;
    difference.kind = kind;
    difference.path = path;
    difference.pointer = path;
    difference.primary = difference.primary_class == ValueClass::jwt ? masked("jwt", a.size()) : shown(a);
    difference.candidate = difference.candidate_class == ValueClass::jwt ? masked("jwt", b.size()) : shown(b);
    x_out.add(std::move(difference));
  }

  Location x_location;
  const PairFacts& x_facts;
  DifferenceList& x_out;
};

void diff_field(FieldDiff& diff, const std::string& name, const Values& a, const Values& b) {
  if (a.empty()) return diff.added(name, joined(b));
  if (b.empty()) return diff.missing(name, joined(a));
  if (a == b) return;
  if (is_token_list(name)) return diff.token_lists(name, a, b);
  if (name == "content-type") return diff.content_types(name, a, b);
  if (is_link(name) && a.size() == 1 && b.size() == 1) return diff.links(name, a[0], b[0]);
  diff.repeats(name, a, b);
}

std::set<std::string> named_by_connection(const std::vector<HeaderField>& fields) {
  std::set<std::string> names;
  for (const HeaderField& field : fields) {
    if (field.name != "connection") continue;
    for (const std::string& item : split_list({field.value}, ',')) names.insert(to_lower(item));
  }
  return names;
}

FieldMap by_name(const std::vector<HeaderField>& fields) {
  FieldMap out;
  for (const HeaderField& field : fields) {
    if (field.name != "set-cookie") out[field.name].push_back(field.value);
  }
  return out;
}

Values cookies_of(const std::vector<HeaderField>& fields) {
  Values out;
  for (const HeaderField& field : fields) {
    if (field.name == "set-cookie") out.push_back(field.value);
  }
  return out;
}

}  // namespace

std::vector<HeaderField> fields_of_lines(std::string_view lines) {
  std::vector<HeaderField> out;
  while (!lines.empty()) {
    const std::size_t end = std::min(lines.find('\n'), lines.size());
    const std::string_view line = lines.substr(0, end);
    lines.remove_prefix(std::min(end + 1, lines.size()));
    if (trim_blanks(line).empty()) continue;
    if ((line.front() == ' ' || line.front() == '\t') && !out.empty()) {
      (out.back().value += ' ') += trim_blanks(line);
      continue;
    }
    const std::size_t colon = line.find(':');
    if (colon == std::string_view::npos) continue;
    out.push_back({to_lower(trim_blanks(line.substr(0, colon))), std::string(trim_blanks(line.substr(colon + 1)))});
  }
  return out;
}

std::vector<HeaderField> fields_of_head(std::string_view head) {
  const std::size_t line = head.find('\n');
  return line == std::string_view::npos ? std::vector<HeaderField>{} : fields_of_lines(head.substr(line + 1));
}

void diff_fields(const std::vector<HeaderField>& primary, const std::vector<HeaderField>& candidate, Location location,
                 const PairFacts& facts, DifferenceList& out) {
  FieldMap left = by_name(primary);
  FieldMap right = by_name(candidate);
  std::set<std::string> names;
  for (const auto& [name, values] : left) names.insert(name);
  for (const auto& [name, values] : right) names.insert(name);
  std::set<std::string> hop = named_by_connection(primary);
  hop.merge(named_by_connection(candidate));
  FieldDiff diff(location, facts, out);
  for (const std::string& name : names) {
    const Values& a = left[name];
    const Values& b = right[name];
    if (a == b) continue;
    bool ignored = false;
    const auto rule = rule_for(name, hop, ignored);
    const bool both = !a.empty() && !b.empty();
    if (rule && (ignored || both)) {
      facts.hidden->set(*rule);
    } else {
      diff_field(diff, name, a, b);
    }
  }
  if (location == Location::header) diff_cookies(cookies_of(primary), cookies_of(candidate), facts, out);
}

}  // namespace tapedeck::diff
