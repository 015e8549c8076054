#include "diff/wording.hpp"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

namespace tapedeck::diff {
namespace {

/// A share in per cent as `4.2`, `0.037`, `100`.
std::string percent_number(double share) {
  const double value = share * 100;
  if (value == 0 || value >= 99.95) return fmt::format("{:.0f}", value);
  if (value >= 10) return fmt::format("{:.1f}", value);
  const int digits = std::max(1, 1 - static_cast<int>(std::floor(std::log10(value))));
  return fmt::format("{:.{}f}", value, std::min(digits, 9));
}

std::string body_part(const CellKey& key) {
  return key.path.empty() && key.location == Location::body ? "the body" : where(key);
}

}  // namespace

std::string percent(double share) { return percent_number(share) + " %"; }

std::string grouped(std::uint64_t number) {
  std::string out = std::to_string(number);
  for (auto at = static_cast<std::ptrdiff_t>(out.size()) - 3; at > 0; at -= 3)
    out.insert(static_cast<std::size_t>(at), 1, ',');
  return out;
}

std::string where(const CellKey& key) {
  std::string out(name_of(key.location));
  if (key.location == Location::status || key.location == Location::exchange) return out;
  return (out += ':') += key.path;
}

std::string what(const CellKey& key) {
  const std::string place = body_part(key);
  const std::string change = key.from + " -> " + key.to;
  switch (key.kind) {
    case Kind::no_answer: return "no answer from the candidate";
    case Kind::status: return "status " + change;
    case Kind::format: return place + " changed format, " + change;
    case Kind::unparsable: return place + " cannot be parsed any more";
    case Kind::missing: return place + " is missing";
    case Kind::type: return place + " " + change;
    case Kind::duplicate_key: return place + " appears another number of times";
    case Kind::value: return place + " has another value";
    case Kind::value_class: return place + " looks different, " + change;
    case Kind::order: return place + " has its elements in another order";
    case Kind::text: return place + " has other text";
    case Kind::bytes: return place + " has other bytes";
    case Kind::added: return place + " is new";
    case Kind::rounding: return place + " is rounded differently";
    case Kind::now: return place + " is the current time";
  }
  return place;
}

std::string sentence_of(const CellKey& key, std::uint64_t count, std::uint64_t of) {
  const Interval rate = wilson95(count, of);
  const std::string status =
      key.kind == Kind::status || key.primary_status == 0 ? "" : " " + std::to_string(key.primary_status);
  const double share = of == 0 ? 0 : static_cast<double>(count) / static_cast<double>(of);
  return fmt::format("{}{}: {} in {} [{}, {}] of {}", http::to_string(key.endpoint), status, what(key), percent(share),
                     percent_number(rate.low), percent_number(rate.high), grouped(of));
}

}  // namespace tapedeck::diff
