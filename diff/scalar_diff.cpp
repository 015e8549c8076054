#include "diff/scalar_diff.hpp"

#include <xxhash.h>

#include "diff/json_scalar.hpp"
#include "diff/time_text.hpp"

namespace tapedeck::diff {
namespace {

bool equal_but_for_own_host(std::string_view primary, std::string_view candidate, const PairFacts& facts) {
  const auto a = split_url(primary);
  const auto b = split_url(candidate);
  if (!a || !b) return false;
  UrlParts left = without_own_host(*a, facts.primary.host);
  UrlParts right = without_own_host(*b, facts.candidate.host);
  if (a->scheme == b->scheme) left.scheme = right.scheme;
  return left == right;
}

bool stands_in_request(std::string_view value, const PairFacts& facts) {
  return facts.request_head.find(value) != std::string_view::npos ||
         facts.request_body.find(value) != std::string_view::npos;
}

Difference with_hashes(std::string_view primary, std::string_view candidate) {
  Difference out;
  out.primary_hash = XXH3_64bits(primary.data(), primary.size());
  out.candidate_hash = XXH3_64bits(candidate.data(), candidate.size());
  return out;
}

bool is_now(std::string_view primary, std::string_view candidate, const PairFacts& facts) {
  return both_now({primary, facts.primary.answer}, {candidate, facts.candidate.answer});
}

}  // namespace

bool is_redacted(std::string_view value) {
  return value.starts_with("td1.") || value.find(" td1.") != std::string_view::npos ||
         (!value.empty() && value.find_first_not_of('*') == std::string_view::npos);
}

std::optional<Difference> compare_texts(std::string_view primary, std::string_view candidate, const PairFacts& facts) {
  if (is_redacted(primary)) {
    facts.hidden->set(built_in_rule("redacted presence"));
    return std::nullopt;
  }
  const ClassPair classes = classify_pair(primary, candidate);
  if (classes.primary == ValueClass::url && classes.candidate == ValueClass::url &&
      equal_but_for_own_host(primary, candidate, facts)) {
    return std::nullopt;
  }
  Difference out = with_hashes(primary, candidate);
  out.primary_class = classes.primary;
  out.candidate_class = classes.candidate;
  if (classes.primary != classes.candidate) {
    out.kind = Kind::value_class;
    out.from = name_of(classes.primary);
    out.to = name_of(classes.candidate);
  } else if (is_now(primary, candidate, facts)) {
    out.kind = Kind::now;
  } else if (is_generated(classes.primary)) {
    out.from_request = stands_in_request(primary, facts);
  }
  return out;
}

Difference compare_numbers(std::string_view primary, std::string_view candidate, const PairFacts& facts) {
  Difference out = with_hashes(primary, candidate);
  if (differs_by_rounding(primary, candidate))
    out.kind = Kind::rounding;
  else if (is_now(primary, candidate, facts))
    out.kind = Kind::now;
  return out;
}

std::string shown(std::string_view value) {
  constexpr std::size_t kMost = 256;
  if (value.size() <= kMost) return std::string(value);
  std::size_t cut = kMost - 3;
  while (cut > 0 && (static_cast<unsigned char>(value[cut]) & 0xC0) == 0x80) --cut;
  return std::string(value.substr(0, cut)) + "...";
}

std::string masked(std::string_view what, std::size_t size) {
  return "<" + std::string(what) + ", " + std::to_string(size) + " bytes>";
}

}  // namespace tapedeck::diff
