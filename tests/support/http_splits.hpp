#pragma once
#include <cstddef>
#include <random>
#include <string>
#include <string_view>

#include <doctest/doctest.h>

#include "http/parser.hpp"
#include "tests/support/parse_script.hpp"

namespace tapedeck::test {

/// What is parsed, and how.
struct Sample {
  http::Side side = http::Side::request;
  http::Mode mode = http::Mode::strict;
  std::string_view bytes;
  http::RequestFacts answers;
};

/// Feeds the sample in pieces: `length(rest)` says how long the next one is.
template <class Length>
std::string parse_in_pieces(const Sample& sample, Length length) {
  ParseScript script(sample.side, sample.mode, limits_for(sample.side, sample.mode));
  script.answers(sample.answers);
  for (auto rest = sample.bytes; !rest.empty();) {
    const auto piece = rest.substr(0, length(rest));
    if (!script.feed(piece)) break;
    rest.remove_prefix(piece.size());
  }
  script.end_of_input(http::Ending::fin);
  return script.text();
}

inline std::string parse_whole(const Sample& sample) {
  return parse_in_pieces(sample, [](std::string_view rest) { return rest.size(); });
}

/// Whole, a byte at a time, at every two-way split (of short samples), at seeded random splits: all must give the same.
inline void check_splits(const Sample& sample) {
  CAPTURE(sample.bytes.substr(0, 300));
  const auto whole = parse_whole(sample);
  CHECK(parse_in_pieces(sample, [](std::string_view) { return std::size_t{1}; }) == whole);
  for (std::size_t at = 1; at < sample.bytes.size() && sample.bytes.size() < 1000; ++at) {
    bool first = true;
    const auto split = parse_in_pieces(sample, [&](std::string_view rest) {
      const auto length = first ? at : rest.size();
      first = false;
      return length;
    });
    if (split != whole) CAPTURE(at);
    REQUIRE(split == whole);
  }
  for (unsigned seed = 1; seed <= 8; ++seed) {
    CAPTURE(seed);
    std::mt19937 random(seed);
    const auto longest = static_cast<unsigned>(1 + sample.bytes.size() / (1 + seed));
    REQUIRE(parse_in_pieces(sample, [&](std::string_view) { return std::size_t{1 + random() % longest}; }) == whole);
  }
}

/// `passes` or `passes [rules that fired]`, `rejected RULE STATUS`, `desync RULE`; the same for every split.
inline std::string outcome(const Sample& sample) {
  check_splits(sample);
  ParseScript script(sample.side, sample.mode, limits_for(sample.side, sample.mode));
  script.answers(sample.answers);
  const bool tunnel = !script.feed(sample.bytes) && script.events().back() == "tunnel";
  const auto& parser = script.parser();
  if (!tunnel && !script.events().empty()) {
    const auto& last = script.events().back();
    const std::string why(name_of(parser.why()));
    if (last == "rejected") return "rejected " + why + " " + std::to_string(parser.status());
    if (last == "desync") return "desync " + why;
  }
  const auto fired = parser.fired().names();
  return fired.empty() ? "passes" : "passes [" + fired + "]";
}

}  // namespace tapedeck::test
