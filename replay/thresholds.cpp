#include "replay/thresholds.hpp"

#include <algorithm>
#include <array>
#include <optional>

#include <fmt/format.h>

#include "base/quantity.hpp"

namespace tapedeck::replay {
namespace {

constexpr std::array<std::string_view, 5> kLatencies{"p50", "p90", "p99", "p999", "max"};
constexpr std::array<std::string_view, 2> kShares{"error_rate", "difference_rate"};

bool is_latency(std::string_view measure) { return std::ranges::find(kLatencies, measure) != kLatencies.end(); }

/// Words and operators of an expression, one after the other.
class Words {
 public:
  explicit Words(std::string_view text) : x_rest(text) { skip_blanks(); }
  bool empty() const { return x_rest.empty(); }
  std::string_view word() { return take(x_rest.find_first_of(" \t<>=")); }
  std::string_view op() { return take(x_rest.find_first_not_of("<>=")); }

 private:
  std::string_view take(std::size_t length) {
    const std::string_view taken = x_rest.substr(0, length);
    x_rest.remove_prefix(taken.size());
    skip_blanks();
    return taken;
  }
  void skip_blanks() { x_rest.remove_prefix(std::min(x_rest.find_first_not_of(" \t"), x_rest.size())); }
  std::string_view x_rest;
};

Error wrong(std::string_view text, std::string_view problem) {
  return make_error(fmt::format("threshold {:?}: {}; write it like 'p99 > 300ms and error_rate > 1%'", text, problem));
}

Result<double> parse_limit(std::string_view measure, std::string_view limit) {
  if (!is_latency(measure)) return parse_share(limit);
  const auto duration = parse_duration(limit);
  if (!duration) return duration.error();
  return static_cast<double>(duration->count());
}

}  // namespace

Result<Threshold> Threshold::parse(std::string_view text) {
  Threshold threshold;
  threshold.x_text = text;
  Words words(text);
  bool alternative = false;
  for (;;) {
    Term term;
    term.starts_alternative = alternative;
    term.measure = words.word();
    if (!is_latency(term.measure) && std::ranges::find(kShares, term.measure) == kShares.end()) {
      return wrong(text, fmt::format("{:?} is none of p50 p90 p99 p999 max error_rate difference_rate", term.measure));
    }
    const auto op = op_named(words.op());
    if (!op) return wrong(text, fmt::format("one of > >= < <= must follow {}", term.measure));
    term.op = *op;
    const auto limit = parse_limit(term.measure, words.word());
    if (!limit) return wrong(text, limit.error().message);
    term.limit = *limit;
    threshold.x_terms.push_back(std::move(term));
    if (words.empty()) return threshold;
    const std::string_view joint = words.word();
    if (joint != "and" && joint != "or")
      return wrong(text, fmt::format("`and` or `or` must stand where {:?} is", joint));
    alternative = joint == "or";
  }
}

std::optional<Threshold::Op> Threshold::op_named(std::string_view word) {
  if (word == ">") return Op::gt;
  if (word == ">=") return Op::ge;
  if (word == "<") return Op::lt;
  if (word == "<=") return Op::le;
  return std::nullopt;
}

bool Threshold::Term::holds(double value) const {
  switch (op) {
    case Op::gt: return value > limit;
    case Op::ge: return value >= limit;
    case Op::lt: return value < limit;
    case Op::le: return value <= limit;
  }
  return false;
}

bool Threshold::holds(const Measure& measure) const {
  bool all = true;
  for (const Term& term : x_terms) {
    if (term.starts_alternative) {
      if (all) return true;
      all = true;
    }
    all = all && term.holds(measure(term.measure));
  }
  return all;
}

bool Threshold::names(std::string_view measure) const {
  return std::ranges::any_of(x_terms, [measure](const Term& term) { return term.measure == measure; });
}

bool Threshold::names_latency() const {
  return std::ranges::any_of(x_terms, [](const Term& term) { return is_latency(term.measure); });
}

void write_thresholds(JsonWriter& json, const std::vector<ThresholdResult>& thresholds) {
  json.begin_array();
  for (const ThresholdResult& threshold : thresholds) {
    json.begin_object();
    json.field("expr", threshold.expr);
    json.field("value", threshold.value);
    json.field("ok", threshold.ok);
    json.end_object();
  }
  json.end_array();
}

}  // namespace tapedeck::replay
