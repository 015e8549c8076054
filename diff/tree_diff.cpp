#include "diff/tree_diff.hpp"

#include <algorithm>
#include <utility>

#include "diff/tree_walk.hpp"

namespace tapedeck::diff {
namespace {

constexpr std::size_t kDictionaryMembers = 64;
constexpr std::size_t kDictionaryKey = 64;

bool names_a_thing(std::string_view key) {
  return (!key.empty() && key[0] >= '0' && key[0] <= '9') || key.size() > kDictionaryKey ||
         accepts(ValueClass::uuid, key);
}

}  // namespace

void TreeWalk::emit(Difference difference, std::string primary, std::string candidate) {
  difference.location = Location::body;
  difference.path = x_path.path();
  difference.pointer = x_path.pointer();
  difference.primary = std::move(primary);
  difference.candidate = std::move(candidate);
  x_out.add(std::move(difference));
}

void TreeWalk::emit(Kind kind, std::string primary, std::string candidate) {
  Difference difference;
  difference.kind = kind;
  emit(std::move(difference), std::move(primary), std::move(candidate));
}

void TreeWalk::nodes(std::uint32_t a, std::uint32_t b) {
  const JsonNode& left = x_a.node(a);
  const JsonNode& right = x_b.node(b);
  if (left.hash == right.hash || x_out.full()) return;
  if (left.type != right.type) {
    Difference difference;
    difference.kind = Kind::type;
    difference.from = name_of(left.type);
    difference.to = name_of(right.type);
    return emit(std::move(difference), shown(x_a.token(a)), shown(x_b.token(b)));
  }
  if (left.type == JsonType::object) return objects(a, b);
  if (left.type == JsonType::array) return arrays(a, b);
  scalars(a, b);
}

void TreeWalk::scalars(std::uint32_t a, std::uint32_t b) {
  switch (x_a.node(a).type) {
    case JsonType::string: return strings(a, b);
    case JsonType::number:
      return emit(compare_numbers(x_a.token(a), x_b.token(b), x_facts), shown(x_a.token(a)), shown(x_b.token(b)));
    default: return emit(Kind::value, shown(x_a.token(a)), shown(x_b.token(b)));
  }
}

void TreeWalk::strings(std::uint32_t a, std::uint32_t b) {
  const std::string left = x_a.string_value(a);
  const std::string right = x_b.string_value(b);
  auto difference = compare_texts(left, right, x_facts);
  if (!difference) return;
  const auto show = [](ValueClass value_class, std::string_view token) {
    return value_class == ValueClass::jwt ? masked("jwt", token.size() - 2) : shown(token);
  };
  std::string primary = show(difference->primary_class, x_a.token(a));
  std::string candidate = show(difference->candidate_class, x_b.token(b));
  emit(*std::move(difference), std::move(primary), std::move(candidate));
}

TreeWalk::Members TreeWalk::sorted_members(const JsonTree& tree, std::uint32_t node) {
  Members members;
  for (const std::uint32_t child : tree.children(node)) members.push_back({tree.key(child), child});
  std::stable_sort(members.begin(), members.end(), [](const Member& x, const Member& y) { return x.key < y.key; });
  return members;
}

void TreeWalk::push_member(std::string_view key, bool dictionary) {
  if (dictionary)
    x_path.push_dictionary_key(key);
  else
    x_path.push_key(key);
}

void TreeWalk::objects(std::uint32_t a, std::uint32_t b) {
  const Members left = sorted_members(x_a, a);
  const Members right = sorted_members(x_b, b);
  const auto by_keys = [](const Members& members) {
    return !members.empty() &&
           std::all_of(members.begin(), members.end(), [](const Member& m) { return names_a_thing(m.key); });
  };
  const bool dictionary =
      left.size() > kDictionaryMembers || right.size() > kDictionaryMembers || by_keys(left) || by_keys(right);
  std::size_t i = 0;
  std::size_t j = 0;
  while ((i < left.size() || j < right.size()) && !x_out.full()) {
    const std::string& key =
        j == right.size() || (i < left.size() && left[i].key < right[j].key) ? left[i].key : right[j].key;
    const std::size_t from_i = i;
    const std::size_t from_j = j;
    while (i < left.size() && left[i].key == key) ++i;
    while (j < right.size() && right[j].key == key) ++j;
    const PathStack::Mark mark(x_path);
    push_member(key, dictionary);
    if (j == from_j)
      emit(Kind::missing, shown(x_a.token(left[from_i].node)), {});
    else if (i == from_i)
      emit(Kind::added, {}, shown(x_b.token(right[from_j].node)));
    else {
      if (i - from_i != j - from_j) {
        emit(Kind::duplicate_key, std::to_string(i - from_i) + " times", std::to_string(j - from_j) + " times");
      }
      nodes(left[i - 1].node, right[j - 1].node);  // of members with one name the last one counts
    }
  }
}

void diff_trees(const JsonTree& primary, const JsonTree& candidate, const PairFacts& facts, DifferenceList& out) {
  TreeWalk(primary, candidate, facts, out).nodes(0, 0);
}

}  // namespace tapedeck::diff
