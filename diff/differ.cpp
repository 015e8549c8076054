#include "diff/differ.hpp"

#include <optional>
#include <random>
#include <utility>

#include "diff/body_diff.hpp"
#include "diff/header_diff.hpp"

namespace tapedeck::diff {
namespace {

PairResult not_compared(std::string_view reason) {
  PairResult result;
  result.outcome = Outcome::not_compared;
  result.not_compared = reason;
  return result;
}

std::string why_no_answer(const http::Exchange& candidate) {
  for (const http::Flag flag :
       {http::Flag::upstream_unreachable, http::Flag::upstream_timeout, http::Flag::upstream_aborted,
        http::Flag::client_aborted, http::Flag::malformed, http::Flag::cut_off}) {
    if (candidate.flags.has(flag)) return std::string(name_of(flag));
  }
  return candidate.has_response() ? "broken answer" : "no answer";
}

PairResult no_answer(const http::Exchange& primary, const http::Exchange& candidate) {
  PairResult result;
  result.outcome = Outcome::no_answer;
  Difference difference;
  difference.location = Location::exchange;
  difference.kind = Kind::no_answer;
  difference.primary = std::to_string(primary.status);
  difference.candidate = why_no_answer(candidate);
  result.differences.push_back(std::move(difference));
  return result;
}

Difference status_difference(const http::Exchange& primary, const http::Exchange& candidate) {
  Difference difference;
  difference.location = Location::status;
  difference.kind = Kind::status;
  difference.primary = difference.from = std::to_string(primary.status);
  difference.candidate = difference.to = std::to_string(candidate.status);
  return difference;
}

std::string_view value_of(const std::vector<HeaderField>& fields, std::string_view name) {
  for (const HeaderField& field : fields) {
    if (field.name == name) return field.value;
  }
  return {};
}

std::string all_of(const std::vector<HeaderField>& fields, std::string_view name) {
  std::string out;
  for (const HeaderField& field : fields) {
    if (field.name == name) (out += out.empty() ? "" : ", ") += field.value;
  }
  return out;
}

SideFacts side_facts(const http::Exchange& exchange, const std::vector<std::string>& hosts) {
  SideFacts facts{exchange.response.first, own_host_of(exchange)};
  for (const std::string& host : hosts) facts.host.add(host);
  return facts;
}

/// Steps 0 and 1 of the ladder: why nothing is to be compared, or nothing answered.
std::optional<PairResult> by_state(const http::Exchange& primary, const http::Exchange& candidate) {
  const SideState left = response_state(primary);
  const SideState right = response_state(candidate);
  const bool no_right = right == SideState::none || right == SideState::broken;
  if (left == SideState::none) return not_compared(right == SideState::none ? "both_failed" : "primary_missing");
  if (left == SideState::broken) return not_compared(no_right ? "both_failed" : "primary_broken");
  if (no_right) return no_answer(primary, candidate);
  const bool conditional =
      (primary.status == 304 && candidate.status == 200) || (primary.status == 200 && candidate.status == 304);
  if (conditional) return not_compared("conditional");
  return std::nullopt;
}

bool has_whole_body(const http::Exchange& exchange) {
  return response_state(exchange) == SideState::complete && exchange.response.body.state != http::BodyState::omitted;
}

PairResult conclude_pair(DifferenceList& list, BodyOutcome body, HiddenBy hidden) {
  PairResult result;
  result.hidden = hidden;
  result.capped = list.full();
  if (!list.empty()) {
    result.outcome = Outcome::different;
    result.differences = list.take();
  } else if (!body.not_compared.empty()) {
    result.outcome = Outcome::not_compared;
    result.not_compared = body.not_compared;
  } else {
    result.identical_by = body.identical_by;
  }
  return result;
}

}  // namespace

SideState response_state(const http::Exchange& exchange) {
  using http::Flag;
  const http::FlagSet& flags = exchange.flags;
  if (!exchange.has_response() || flags.has(Flag::response_missing) || flags.has(Flag::answered_by_proxy))
    return SideState::none;
  for (const Flag flag :
       {Flag::client_aborted, Flag::upstream_aborted, Flag::upstream_timeout, Flag::malformed, Flag::cut_off}) {
    if (flags.has(flag)) return SideState::broken;
  }
  for (const Flag flag : {Flag::response_truncated, Flag::response_omitted, Flag::response_gap}) {
    if (flags.has(flag)) return SideState::cut;
  }
  return exchange.response.body.state == http::BodyState::omitted ? SideState::cut : SideState::complete;
}

Differ::Differ(Compare compare, DifferLimits limits)
    : x_compare(compare), x_limits(limits), x_seed(std::random_device{}()) {
  x_seed = x_seed << 32 | std::random_device{}();
}

void Differ::add_own_hosts(std::vector<std::string> primary, std::vector<std::string> candidate) {
  x_primary_hosts = std::move(primary);
  x_candidate_hosts = std::move(candidate);
}

PairResult Differ::compare(const http::Exchange& primary, const http::Exchange& candidate) const {
  if (x_compare == Compare::off) return not_compared("comparison_off");
  if (auto result = by_state(primary, candidate)) return *std::move(result);
  DifferenceList list(x_limits.differences);
  if (primary.status != candidate.status) list.add(status_difference(primary, candidate));
  if (primary.status / 100 != candidate.status / 100) return conclude_pair(list, {}, {});
  HiddenBy hidden;
  const std::string_view target = http::request_line_of(primary.request.head).target;
  const PairFacts facts{side_facts(primary, x_primary_hosts),
                        side_facts(candidate, x_candidate_hosts),
                        target,
                        primary.request.head,
                        primary.request.body.bytes,
                        &hidden};
  const auto left = fields_of_head(primary.response.head);
  const auto right = fields_of_head(candidate.response.head);
  diff_fields(left, right, Location::header, facts, list);
  diff_fields(fields_of_lines(primary.response.trailers), fields_of_lines(candidate.response.trailers),
              Location::trailer, facts, list);
  if (!has_whole_body(primary) || !has_whole_body(candidate)) return conclude_pair(list, {{}, "body_cut"}, hidden);
  const std::string left_coding = all_of(left, "content-encoding");
  const std::string right_coding = all_of(right, "content-encoding");
  const BodyOutcome body = diff_bodies({primary.response.body.bytes, value_of(left, "content-type"), left_coding},
                                       {candidate.response.body.bytes, value_of(right, "content-type"), right_coding},
                                       x_compare, x_limits, x_seed, facts, list);
  return conclude_pair(list, body, hidden);
}

}  // namespace tapedeck::diff
