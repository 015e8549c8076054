#include <algorithm>
#include <array>
#include <iterator>
#include <map>
#include <optional>
#include <unordered_map>
#include <unordered_set>
#include <utility>

#include "diff/sequence_match.hpp"
#include "diff/tree_walk.hpp"

namespace tapedeck::diff {
namespace {

constexpr std::size_t kMaxEdits = 256;
constexpr std::size_t kMaxGap = 64;       // elements a side that are paired by likeness
constexpr std::size_t kMaxKeyNames = 32;  // members that may turn out to be a key
constexpr std::size_t kMaxLeaves = 256;   // of an element, for its likeness
constexpr double kAlike = 0.3;

using Hashes = std::vector<std::uint64_t>;

Hashes hashes_of(const JsonTree& tree, const Elements& elements) {
  Hashes out;
  out.reserve(elements.size());
  for (const Element& element : elements) out.push_back(tree.node(element.node).hash);
  return out;
}

Elements part(const Elements& elements, std::size_t begin, std::size_t end) {
  return {elements.begin() + static_cast<std::ptrdiff_t>(begin), elements.begin() + static_cast<std::ptrdiff_t>(end)};
}

Elements elements_of(const JsonTree& tree, std::uint32_t array) {
  Elements out;
  for (const std::uint32_t child : tree.children(array)) out.push_back({child, out.size()});
  return out;
}

bool is_container(JsonType type) { return type == JsonType::array || type == JsonType::object; }

bool can_be_key(const JsonNode& node) { return node.type == JsonType::string || node.type == JsonType::number; }

/// The scalar member of this name in each element; nothing if one lacks it or two have the same.
std::optional<Hashes> key_hashes(const JsonTree& tree, const Elements& elements, std::string_view name) {
  Hashes out;
  std::unordered_set<std::uint64_t> seen;
  for (const Element& element : elements) {
    if (tree.node(element.node).type != JsonType::object) return std::nullopt;
    std::optional<std::uint64_t> found;
    const std::uint32_t end = element.node + tree.node(element.node).nodes;
    for (std::uint32_t i = element.node + 1; i < end; i += tree.node(i).nodes) {
      if (can_be_key(tree.node(i)) && tree.raw_key(i) == name) found = tree.node(i).hash;
    }
    if (!found || !seen.insert(*found).second) return std::nullopt;
    out.push_back(*found);
  }
  return out;
}

std::size_t shared(const Hashes& a, const Hashes& b) {
  const std::unordered_set<std::uint64_t> in_a(a.begin(), a.end());
  return static_cast<std::size_t>(std::count_if(b.begin(), b.end(), [&](std::uint64_t h) { return in_a.contains(h); }));
}

/// How many elements a key would match; 0 if it is none, or shared by less than half of the smaller side.
std::size_t worth_as_key(const JsonTree& a, const Elements& left, const JsonTree& b, const Elements& right,
                         std::string_view name) {
  const auto x = key_hashes(a, left, name);
  if (!x) return 0;
  const auto y = key_hashes(b, right, name);
  if (!y) return 0;
  const std::size_t both = shared(*x, *y);
  return 2 * both >= std::min(x->size(), y->size()) ? both : 0;
}

std::vector<std::string> scalar_names(const JsonTree& tree, const Element& element) {
  std::vector<std::string> names;
  for (const std::uint32_t child : tree.children(element.node)) {
    if (can_be_key(tree.node(child))) names.emplace_back(tree.raw_key(child));
  }
  std::sort(names.begin(), names.end());
  if (names.size() > kMaxKeyNames) names.resize(kMaxKeyNames);
  return names;
}

std::optional<std::string> find_key(const JsonTree& a, const Elements& left, const JsonTree& b, const Elements& right) {
  constexpr std::array<std::string_view, 6> kUsual{"id", "uuid", "key", "code", "sku", "name"};
  for (const std::string_view name : kUsual) {
    if (worth_as_key(a, left, b, right, name) > 0) return std::string(name);
  }
  if (a.node(left.front().node).type != JsonType::object) return std::nullopt;
  std::optional<std::string> best;
  std::size_t most = 0;
  for (std::string& name : scalar_names(a, left.front())) {
    if (const std::size_t worth = worth_as_key(a, left, b, right, name); worth > most) {
      most = worth;
      best = std::move(name);
    }
  }
  return best;
}

/// Hashes of an element's leaves, sorted.
Hashes leaves_of(const JsonTree& tree, std::uint32_t node) {
  Hashes out;
  const std::uint32_t end = node + tree.node(node).nodes;
  for (std::uint32_t i = node; i < end && out.size() < kMaxLeaves; ++i) {
    if (!is_container(tree.node(i).type)) out.push_back(tree.node(i).hash);
  }
  std::sort(out.begin(), out.end());
  return out;
}

double likeness(const Hashes& a, const Hashes& b) {
  Hashes both;
  std::set_intersection(a.begin(), a.end(), b.begin(), b.end(), std::back_inserter(both));
  const std::size_t most = std::max(a.size(), b.size());
  return most == 0 ? 0 : static_cast<double>(both.size()) / static_cast<double>(most);
}

struct Candidate {
  double alike;
  std::size_t i, j;
};

std::vector<Candidate> candidates(const JsonTree& a, const Elements& left, const JsonTree& b, const Elements& right) {
  std::vector<Hashes> x, y;
  for (const Element& e : left) x.push_back(leaves_of(a, e.node));
  for (const Element& e : right) y.push_back(leaves_of(b, e.node));
  std::vector<Candidate> out;
  for (std::size_t i = 0; i < left.size(); ++i) {
    for (std::size_t j = 0; j < right.size(); ++j) {
      if (a.node(left[i].node).type != b.node(right[j].node).type) continue;
      if (const double alike = likeness(x[i], y[j]); alike >= kAlike) out.push_back({alike, i, j});
    }
  }
  std::sort(out.begin(), out.end(), [](const Candidate& p, const Candidate& q) {
    if (p.alike != q.alike) return p.alike > q.alike;
    return p.i + p.j != q.i + q.j ? p.i + p.j < q.i + q.j : p.i < q.i;
  });
  return out;
}

}  // namespace

void TreeWalk::pair(const Element& a, const Element& b) {
  const PathStack::Mark mark(x_path);
  x_path.push_index(a.place);
  nodes(a.node, b.node);
}

void TreeWalk::missing(const Element& a) {
  const PathStack::Mark mark(x_path);
  x_path.push_index(a.place);
  emit(Kind::missing, shown(x_a.token(a.node)), {});
}

void TreeWalk::added(const Element& b) {
  const PathStack::Mark mark(x_path);
  x_path.push_index(b.place);
  emit(Kind::added, {}, shown(x_b.token(b.node)));
}

void TreeWalk::arrays(std::uint32_t a, std::uint32_t b) {
  Elements left = elements_of(x_a, a);
  Elements right = elements_of(x_b, b);
  const auto equal = [&](const Element& x, const Element& y) { return x_a.node(x.node).hash == x_b.node(y.node).hash; };
  std::size_t head = 0;
  const std::size_t shorter = std::min(left.size(), right.size());
  while (head < shorter && equal(left[head], right[head])) ++head;
  std::size_t tail = 0;
  while (tail < shorter - head && equal(left[left.size() - 1 - tail], right[right.size() - 1 - tail])) ++tail;
  left = part(left, head, left.size() - tail);
  right = part(right, head, right.size() - tail);
  if (left.empty() || right.empty()) return by_position(left, right);
  if (same_multiset(left, right)) return emit(Kind::order, shown(x_a.token(a)), shown(x_b.token(b)));
  if (!keyed(left, right)) sequence(left, right);
}

bool TreeWalk::same_multiset(const Elements& a, const Elements& b) const {
  if (a.size() != b.size()) return false;
  Hashes x = hashes_of(x_a, a);
  Hashes y = hashes_of(x_b, b);
  std::sort(x.begin(), x.end());
  std::sort(y.begin(), y.end());
  return x == y;
}

bool TreeWalk::keyed(const Elements& a, const Elements& b) {
  // Names are looked for where both sides agree, so either side may be asked for them.
  const auto key = find_key(x_a, a, x_b, b);
  if (!key) return false;
  match_by_key(a, b, *key);
  return true;
}

void TreeWalk::match_by_key(const Elements& a, const Elements& b, std::string_view key) {
  const Hashes x = *key_hashes(x_a, a, key);
  const Hashes y = *key_hashes(x_b, b, key);
  std::unordered_map<std::uint64_t, std::size_t> in_b;
  for (std::size_t j = 0; j < y.size(); ++j) in_b.emplace(y[j], j);
  const std::unordered_set<std::uint64_t> in_a(x.begin(), x.end());
  std::size_t next = 0;
  bool moved = false;
  for (std::size_t i = 0; i < a.size(); ++i) {
    const auto found = in_b.find(x[i]);
    if (found == in_b.end()) {
      missing(a[i]);
      continue;
    }
    moved = moved || found->second < next;
    next = found->second;
    pair(a[i], b[found->second]);
  }
  for (std::size_t j = 0; j < b.size(); ++j) {
    if (!in_a.contains(y[j])) added(b[j]);
  }
  if (moved) emit(Kind::order, std::to_string(a.size()) + " elements", std::to_string(b.size()) + " elements");
}

// Myers prefers deletions: always asked in the same direction, the differences of (b, a) mirror those of (a, b).
bool TreeWalk::swaps(const Elements& a, const Elements& b) const {
  if (a.size() != b.size()) return a.size() > b.size();
  return x_a.token(a.front().node) > x_b.token(b.front().node);
}

void TreeWalk::sequence(const Elements& a, const Elements& b) {
  const Hashes x = hashes_of(x_a, a);
  const Hashes y = hashes_of(x_b, b);
  const bool swapped = swaps(a, b);
  auto matches = swapped ? longest_common(y, x, kMaxEdits) : longest_common(x, y, kMaxEdits);
  if (!matches) return by_position(a, b);
  if (swapped) {
    for (auto& [i, j] : *matches) std::swap(i, j);
  }
  for (const Gap& g : gaps_between(*matches, a.size(), b.size())) {
    gap(part(a, g.a_begin, g.a_end), part(b, g.b_begin, g.b_end));
  }
}

void TreeWalk::gap(const Elements& a, const Elements& b) {
  const auto has_container = [](const JsonTree& tree, const Elements& elements) {
    return std::any_of(elements.begin(), elements.end(),
                       [&](const Element& e) { return is_container(tree.node(e.node).type); });
  };
  if (a.size() > kMaxGap || b.size() > kMaxGap || !has_container(x_a, a) || !has_container(x_b, b))
    return by_position(a, b);
  by_likeness(a, b);
}

void TreeWalk::by_position(const Elements& a, const Elements& b) {
  const std::size_t both = std::min(a.size(), b.size());
  for (std::size_t i = 0; i < both && !x_out.full(); ++i) pair(a[i], b[i]);
  for (std::size_t i = both; i < a.size() && !x_out.full(); ++i) missing(a[i]);
  for (std::size_t i = both; i < b.size() && !x_out.full(); ++i) added(b[i]);
}

void TreeWalk::by_likeness(const Elements& a, const Elements& b) {
  std::vector<std::size_t> partner(a.size(), b.size());
  std::vector<bool> taken(b.size(), false);
  for (const Candidate& c : candidates(x_a, a, x_b, b)) {
    if (partner[c.i] != b.size() || taken[c.j]) continue;
    partner[c.i] = c.j;
    taken[c.j] = true;
  }
  Elements left, right;
  for (std::size_t i = 0; i < a.size(); ++i) {
    if (partner[i] == b.size())
      left.push_back(a[i]);
    else
      pair(a[i], b[partner[i]]);
  }
  for (std::size_t j = 0; j < b.size(); ++j) {
    if (!taken[j]) right.push_back(b[j]);
  }
  // What is alike nowhere but equal in number was changed rather than removed and added.
  if (left.size() == right.size()) return by_position(left, right);
  for (const Element& e : left) missing(e);
  for (const Element& e : right) added(e);
}

}  // namespace tapedeck::diff
