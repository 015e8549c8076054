#include "http/flags.hpp"

#include <algorithm>
#include <array>

namespace tapedeck::http {
namespace {

// In the order of the enumerations: the place is the value.
constexpr std::array<std::string_view, kFlagCount> kFlagNames = {"request_truncated",
                                                                 "response_truncated",
                                                                 "response_missing",
                                                                 "client_aborted",
                                                                 "upstream_unreachable",
                                                                 "upstream_aborted",
                                                                 "upstream_timeout",
                                                                 "request_chunked",
                                                                 "response_chunked",
                                                                 "request_omitted",
                                                                 "response_omitted",
                                                                 "upgraded",
                                                                 "expect_continue",
                                                                 "early_response",
                                                                 "request_gap",
                                                                 "response_gap",
                                                                 "malformed",
                                                                 "redacted",
                                                                 "imported",
                                                                 "late_row",
                                                                 "cut_off",
                                                                 "read_to_close",
                                                                 "answered_by_proxy",
                                                                 "head_rebuilt",
                                                                 "request_missing",
                                                                 "pairing_uncertain",
                                                                 "overlap_inconsistent"};
static_assert(static_cast<std::size_t>(Flag::overlap_inconsistent) + 1 == kFlagNames.size());

constexpr std::array<std::string_view, kReasonCount> kReasonNames = {
    "none",        "capture_memory",   "queue_full", "disk_full", "io_error",       "paused",
    "kernel_drop", "source_drop",      "tcp_gap",    "snaplen",   "tls_gap",        "evicted",
    "unpaired",    "one_sided",        "cut_off",    "aborted",   "parse_error",    "head_limit",
    "body_limit",  "redaction_failed", "filter",     "sample",    "import_skipped", "inherited"};
static_assert(static_cast<std::size_t>(Reason::inherited) + 1 == kReasonNames.size());

template <class Enum, std::size_t N>
std::optional<Enum> find_named(const std::array<std::string_view, N>& names, std::string_view name) {
  const auto found = std::find(names.begin(), names.end(), name);
  if (found == names.end()) return std::nullopt;
  return static_cast<Enum>(found - names.begin());
}

}  // namespace

std::string_view name_of(Flag flag) {
  const auto index = static_cast<std::size_t>(flag);
  return index < kFlagNames.size() ? kFlagNames[index] : "unknown";
}

std::optional<Flag> flag_named(std::string_view name) { return find_named<Flag>(kFlagNames, name); }

std::string_view name_of(Reason reason) {
  const auto index = static_cast<std::size_t>(reason);
  return index < kReasonNames.size() ? kReasonNames[index] : "unknown";
}

std::optional<Reason> reason_named(std::string_view name) { return find_named<Reason>(kReasonNames, name); }

bool is_loss(Reason reason) {
  switch (reason) {
    case Reason::capture_memory:
    case Reason::disk_full:
    case Reason::io_error:
    case Reason::tcp_gap:
    case Reason::evicted:
    case Reason::snaplen:
    case Reason::tls_gap:
    case Reason::head_limit:
    case Reason::redaction_failed:
    case Reason::unpaired: return true;
    default: return false;
  }
}

}  // namespace tapedeck::http
