#include <algorithm>
#include <cmath>
#include <map>

#include "base/text.hpp"
#include "diff/header_diff.hpp"
#include "diff/time_text.hpp"

namespace tapedeck::diff {
namespace {

struct Cookie {
  std::string value;
  std::map<std::string, std::string> attributes;  // names in lower case
};
using Cookies = std::map<std::string, Cookie>;

/// What stands before the first `mark`, which `rest` loses with it; all of it if there is none.
std::string_view cut_at(std::string_view& rest, char mark) {
  const std::size_t at = rest.find(mark);
  const std::string_view front = rest.substr(0, at);
  rest = at == std::string_view::npos ? std::string_view() : rest.substr(at + 1);
  return front;
}

/// `name=value` at the front of `rest`, up to a semicolon.
std::pair<std::string_view, std::string_view> take_pair(std::string_view& rest) {
  const std::string_view pair = cut_at(rest, ';');
  std::string_view value = pair;
  const std::string_view name = cut_at(value, '=');
  return {trim_blanks(name), trim_blanks(value)};
}

// A cookie set twice under one name: the last one wins, as in a browser.
Cookies parse_cookies(const std::vector<std::string>& lines) {
  Cookies out;
  for (std::string_view rest : lines) {
    const auto [name, value] = take_pair(rest);
    Cookie cookie{std::string(value), {}};
    while (!rest.empty()) {
      const auto [attribute, setting] = take_pair(rest);
      if (!attribute.empty()) cookie.attributes.insert_or_assign(to_lower(attribute), std::string(setting));
    }
    out.insert_or_assign(std::string(name), std::move(cookie));
  }
  return out;
}

/// Both expire equally long after their own answer, give or take 2 s.
bool expire_alike(std::string_view a, std::string_view b, const PairFacts& facts) {
  const auto left = parse_http_date(a);
  const auto right = parse_http_date(b);
  if (!left || !right) return false;
  const auto after = [](Time time, Time answer) {
    return static_cast<double>(to_ns(time)) - static_cast<double>(to_ns(answer));
  };
  return std::abs(after(*left, facts.primary.answer) - after(*right, facts.candidate.answer)) <= 2e9;
}

class CookieDiff {
 public:
  CookieDiff(const PairFacts& facts, DifferenceList& out) : x_facts(facts), x_out(out) {}

  void compare(const std::string& name, const Cookie& a, const Cookie& b) {
    if (a.value != b.value) values(name, a.value, b.value);
    for (const auto& [attribute, setting] : a.attributes) {
      const auto other = b.attributes.find(attribute);
      const std::string path = name + "/" + attribute;
      if (other == b.attributes.end())
        emit(path, Kind::missing, attribute_text(attribute, setting), {});
      else
        settings(path, attribute, setting, other->second);
    }
    for (const auto& [attribute, setting] : b.attributes) {
      if (!a.attributes.contains(attribute))
        emit(name + "/" + attribute, Kind::added, {}, attribute_text(attribute, setting));
    }
  }

  void missing(const std::string& name, const Cookie& cookie) {
    emit(name, Kind::missing, masked("cookie", cookie.value.size()), {});
  }
  void added(const std::string& name, const Cookie& cookie) {
    emit(name, Kind::added, {}, masked("cookie", cookie.value.size()));
  }

 private:
  void values(const std::string& name, std::string_view a, std::string_view b) {
    auto difference = compare_texts(a, b, x_facts);
    if (difference) emit(*std::move(difference), name, masked("cookie", a.size()), masked("cookie", b.size()));
  }

  void settings(const std::string& path, const std::string& attribute, std::string_view a, std::string_view b) {
    const bool without_case = attribute == "samesite" || attribute == "domain" || attribute == "priority";
    if (a == b || (without_case && to_lower(a) == to_lower(b))) return;
    if (attribute == "domain" && x_facts.primary.host.owns(a) && x_facts.candidate.host.owns(b)) return;
    if (attribute == "expires" && expire_alike(a, b, x_facts)) return;
    emit(path, Kind::value, std::string(a), std::string(b));
  }

  static std::string attribute_text(const std::string& attribute, const std::string& setting) {
    return setting.empty() ? attribute : attribute + "=" + setting;
  }

  void emit(const std::string& path, Kind kind, std::string a, std::string b) {
    Difference difference;
    difference.kind = kind;
    emit(std::move(difference), path, std::move(a), std::move(b));
  }

  void emit(Difference difference, const std::string& path, std::string a, std::string b) {
    difference.location = Location::cookie;
    difference.path = path;
    difference.pointer = path;
    difference.primary = shown(a);
    difference.candidate = shown(b);
    x_out.add(std::move(difference));
  }

  const PairFacts& x_facts;
  DifferenceList& x_out;
};

}  // namespace

void diff_cookies(const std::vector<std::string>& primary, const std::vector<std::string>& candidate,
                  const PairFacts& facts, DifferenceList& out) {
  const Cookies left = parse_cookies(primary);
  const Cookies right = parse_cookies(candidate);
  CookieDiff diff(facts, out);
  for (const auto& [name, cookie] : left) {
    const auto other = right.find(name);
    if (other == right.end())
      diff.missing(name, cookie);
    else
      diff.compare(name, cookie, other->second);
  }
  for (const auto& [name, cookie] : right) {
    if (!left.contains(name)) diff.added(name, cookie);
  }
}

}  // namespace tapedeck::diff
