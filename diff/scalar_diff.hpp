#pragma once
#include <optional>
#include <string>
#include <string_view>

#include "base/time.hpp"
#include "diff/difference.hpp"
#include "diff/own_host.hpp"

namespace tapedeck::diff {

/// What the comparison of values must know of one side.
struct SideFacts {
  Time answer{};  // when it answered
  OwnHost host;
};
struct PairFacts {
  SideFacts primary, candidate;
  std::string_view request_target;
  std::string_view request_head;
  std::string_view request_body;
  HiddenBy* hidden = nullptr;  // where to note what a built-in rule hid; never null
};

/// Place of a rule in built_in_rules(); their number if there is none of this name.
std::size_t built_in_rule(std::string_view name);

/// Nothing but `*`, or a pseudonym `td1....`: the recording redacted it.
bool is_redacted(std::string_view value);

/// Two texts that are not equal byte by byte: what kind of difference they are, with classes and hashes; nothing if
/// they are links to the own host that are equal otherwise, or if the recording redacted the primary's. Location, path
/// and the values shown are the caller's.
std::optional<Difference> compare_texts(std::string_view primary, std::string_view candidate, const PairFacts& facts);

/// Two JSON number tokens that are not equal as decimals.
Difference compare_numbers(std::string_view primary, std::string_view candidate, const PairFacts& facts);

/// Cut to 256 bytes at a character's border; a longer one ends in `...`.
std::string shown(std::string_view value);
/// `<jwt, 212 bytes>`: for secrets.
std::string masked(std::string_view what, std::size_t size);

}  // namespace tapedeck::diff
