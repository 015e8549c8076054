#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "diff/path.hpp"
#include "diff/tree_diff.hpp"

namespace tapedeck::diff {

using Indices = std::vector<std::uint32_t>;

/// An element of an array: its node, and its place in the array.
struct Element {
  std::uint32_t node;
  std::size_t place;
};
using Elements = std::vector<Element>;

/// One walk through two trees. Array matching is in array_diff.cpp, the rest in tree_diff.cpp.
class TreeWalk {
 public:
  TreeWalk(const JsonTree& a, const JsonTree& b, const PairFacts& facts, DifferenceList& out)
      : x_a(a), x_b(b), x_facts(facts), x_out(out) {}

  void nodes(std::uint32_t a, std::uint32_t b);

 private:
  struct Member {
    std::string key;
    std::uint32_t node;
  };
  using Members = std::vector<Member>;

  void objects(std::uint32_t a, std::uint32_t b);
  void scalars(std::uint32_t a, std::uint32_t b);
  void strings(std::uint32_t a, std::uint32_t b);
  static Members sorted_members(const JsonTree& tree, std::uint32_t node);
  void push_member(std::string_view key, bool dictionary);

  void arrays(std::uint32_t a, std::uint32_t b);
  bool same_multiset(const Elements& a, const Elements& b) const;
  bool keyed(const Elements& a, const Elements& b);
  void match_by_key(const Elements& a, const Elements& b, std::string_view key);
  void sequence(const Elements& a, const Elements& b);
  bool swaps(const Elements& a, const Elements& b) const;
  void gap(const Elements& a, const Elements& b);
  void by_position(const Elements& a, const Elements& b);
  void by_likeness(const Elements& a, const Elements& b);
  void pair(const Element& a, const Element& b);
  void missing(const Element& a);
  void added(const Element& b);

  void emit(Kind kind, std::string primary, std::string candidate);
  void emit(Difference difference, std::string primary, std::string candidate);

  const JsonTree& x_a;
  const JsonTree& x_b;
  const PairFacts& x_facts;
  DifferenceList& x_out;
  PathStack x_path;
};

}  // namespace tapedeck::diff
