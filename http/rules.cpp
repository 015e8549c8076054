#include "http/rules.hpp"

#include <array>

namespace tapedeck::http {
namespace {

constexpr std::array<std::string_view, kRuleCount> kNames = {"none",
                                                             "leading_crlf",
                                                             "request_line",
                                                             "method",
                                                             "method_refused",
                                                             "version",
                                                             "target_form",
                                                             "target_length",
                                                             "target_bytes",
                                                             "status_line",
                                                             "bare_cr",
                                                             "bare_lf",
                                                             "leading_space",
                                                             "field_name",
                                                             "space_before_colon",
                                                             "obs_fold",
                                                             "field_value",
                                                             "head_size",
                                                             "host",
                                                             "length_invalid",
                                                             "length_repeated",
                                                             "coding_unknown",
                                                             "coding_invalid",
                                                             "coding_and_length",
                                                             "bodyless_fields",
                                                             "chunk_size",
                                                             "chunk_end",
                                                             "chunk_extension",
                                                             "trailer",
                                                             "trailer_forbidden",
                                                             "connection_names",
                                                             "alias",
                                                             "interim",
                                                             "date_missing",
                                                             "excess_bytes",
                                                             "framing_ambiguous"};
static_assert(static_cast<std::size_t>(Rule::framing_ambiguous) + 1 == kRuleCount);

}  // namespace

std::string_view name_of(Rule rule) {
  const auto index = static_cast<std::size_t>(rule);
  return index < kNames.size() ? kNames[index] : std::string_view("unknown");
}

std::string RuleSet::names() const {
  std::string text;
  for (std::uint8_t i = 1; i < kRuleCount; ++i) {
    if (!has(static_cast<Rule>(i))) continue;
    if (!text.empty()) text += ' ';
    text += kNames[i];
  }
  return text;
}

}  // namespace tapedeck::http
