// Properties that hold for every document: made from a seed, which a failure shows.
#include <algorithm>
#include <random>
#include <set>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "diff/json_tree.hpp"
#include "diff/sequence_match.hpp"
#include "tests/diff/answers.hpp"

using namespace tapedeck;
using namespace tapedeck::diff;

namespace {

using Random = std::mt19937_64;

std::uint64_t below(Random& random, std::uint64_t n) { return random() % n; }

struct Member;

/// A JSON value that can be spelled in more than one way, and edited.
struct Value {
  enum class Type { number, string, boolean, null, array, object } type = Type::null;
  std::int64_t number = 0;
  std::string text;
  std::vector<Member> members;
};

struct Member {
  std::string name;  // an array's have none
  Value value;
};

Value make(Random& random, int depth) {
  Value value;
  const auto kind = below(random, depth > 0 ? 8 : 5);
  if (kind < 2)
    value.type = Value::Type::number, value.number = static_cast<std::int64_t>(below(random, 100000));
  else if (kind < 4)
    value.type = Value::Type::string, value.text = "text " + std::to_string(below(random, 100000)) + " \xC3\xA9";
  else if (kind == 4)
    value.type = below(random, 2) != 0 ? Value::Type::boolean : Value::Type::null;
  else {
    value.type = kind == 5 ? Value::Type::array : Value::Type::object;
    const auto size = below(random, 6);
    for (std::uint64_t i = 0; i < size; ++i)
      value.members.push_back({"m" + std::to_string(i), make(random, depth - 1)});
  }
  return value;
}

enum class Spelling { plain, other };

std::string spelled(const Value& value, Random& random, Spelling spelling) {
  const bool other = spelling == Spelling::other;
  const std::string gap = other && below(random, 2) != 0 ? " \n" : "";
  switch (value.type) {
    case Value::Type::null: return "null";
    case Value::Type::boolean: return "true";
    case Value::Type::number:
      return std::to_string(value.number) + (other ? (below(random, 2) != 0 ? ".0" : "E+0") : "");
    case Value::Type::string: {
      std::string text = value.text;
      if (other) {
        for (std::size_t at; (at = text.find("\xC3\xA9")) != std::string::npos;) text.replace(at, 2, "\\u00E9");
        if (text[0] == 't') text.replace(0, 1, "\\u0074");
      }
      return "\"" + text + "\"";
    }
    case Value::Type::array: {
      std::string out = "[";
      for (const auto& [name, member] : value.members)
        out += (out.size() > 1 ? "," : "") + gap + spelled(member, random, spelling);
      return out + gap + "]";
    }
    case Value::Type::object: {
      auto members = value.members;
      if (other) std::shuffle(members.begin(), members.end(), random);
      std::string out = "{";
      for (const auto& [name, member] : members)
        out += (out.size() > 1 ? "," : "") + gap + "\"" + name + "\"" + gap + ":" + spelled(member, random, spelling);
      return out + gap + "}";
    }
  }
  return {};
}

/// Pointers of all numbers and strings.
void leaves(Value& value, const std::string& pointer, std::vector<std::pair<std::string, Value*>>& out) {
  if (value.type == Value::Type::number || value.type == Value::Type::string) out.emplace_back(pointer, &value);
  for (std::size_t i = 0; i < value.members.size(); ++i) {
    leaves(value.members[i].value,
           pointer + "/" + (value.type == Value::Type::array ? std::to_string(i) : value.members[i].name), out);
  }
}

std::string plain(const Value& value) {
  Random unused(0);
  return spelled(value, unused, Spelling::plain);
}

Value object_of(Random& random) {
  Value root;
  root.type = Value::Type::object;
  for (int i = 0; i < 6; ++i) root.members.push_back({"r" + std::to_string(i), make(random, 4)});
  return root;
}

/// missing <-> added, from <-> to, values swapped; sorted.
std::vector<std::string> normal(const PairResult& result, bool mirrored) {
  std::vector<std::string> out;
  for (const Difference& d : result.differences) {
    const Kind kind = !mirrored                 ? d.kind
                      : d.kind == Kind::missing ? Kind::added
                      : d.kind == Kind::added   ? Kind::missing
                                                : d.kind;
    const std::string& a = mirrored ? d.candidate : d.primary;
    const std::string& b = mirrored ? d.primary : d.candidate;
    out.push_back(d.path + " " + std::string(name_of(kind)) + " " + a + " | " + b);
  }
  std::sort(out.begin(), out.end());
  return out;
}

}  // namespace

TEST_CASE("a document equals itself and every other spelling of it") {
  for (std::uint64_t seed = 0; seed < 300; ++seed) {
    CAPTURE(seed);
    Random random(seed);
    const Value root = object_of(random);
    const std::string text = plain(root);
    CHECK(compare_json(text, text).identical_by == "bytes");
    const std::string other = spelled(root, random, Spelling::other);
    const PairResult result = compare_json(text, other);
    CHECK_MESSAGE(result.differences.empty(), text, "\n", other);
    CHECK(result.identical_by == (text == other ? "bytes" : "form"));
  }
}

TEST_CASE("k planted edits give k differences, at the places edited") {
  for (std::uint64_t seed = 0; seed < 300; ++seed) {
    CAPTURE(seed);
    Random random(seed);
    Value root = object_of(random);
    const std::string before = plain(root);
    std::vector<std::pair<std::string, Value*>> all;
    leaves(root, "", all);
    // Arrays may pair elements otherwise than by place: edits in them are tested by hand elsewhere.
    std::erase_if(all, [](const auto& leaf) {
      return leaf.first.find_first_of("0123456789", leaf.first.rfind('/') + 2) == std::string::npos;
    });
    std::erase_if(all, [](const auto& leaf) {
      for (std::size_t at = leaf.first.find('/'); at != std::string::npos; at = leaf.first.find('/', at + 1)) {
        if (leaf.first[at + 1] >= '0' && leaf.first[at + 1] <= '9') return true;
      }
      return false;
    });
    std::shuffle(all.begin(), all.end(), random);
    all.resize(std::min<std::size_t>(all.size(), below(random, 6)));
    std::set<std::string> planted;
    for (const auto& [pointer, leaf] : all) {
      planted.insert(pointer);
      leaf->number += 1000000;
      leaf->text += " edited";
    }
    const PairResult result = compare_json(before, plain(root));
    std::set<std::string> found;
    for (const Difference& d : result.differences) {
      found.insert(d.pointer);
      CHECK(d.kind == Kind::value);
    }
    CHECK(found == planted);
  }
}

TEST_CASE("the differences of (b, a) mirror those of (a, b)") {
  for (std::uint64_t seed = 0; seed < 500; ++seed) {
    CAPTURE(seed);
    Random random(seed);
    Value root = object_of(random);
    const std::string a = plain(root);
    std::vector<std::pair<std::string, Value*>> all;
    leaves(root, "", all);
    for (const auto& [pointer, leaf] : all) {
      if (below(random, 3) == 0) *leaf = make(random, 2);
    }
    const std::string b = plain(root);
    CHECK(normal(compare_json(a, b), false) == normal(compare_json(b, a), true));
  }
}

TEST_CASE("arrays of numbers: as many differences as the shortest edit allows, mirrored") {
  for (std::uint64_t seed = 0; seed < 300; ++seed) {
    CAPTURE(seed);
    Random random(seed);
    const auto array = [&] {
      std::string out = "[";
      for (std::uint64_t i = 0, n = below(random, 12); i < n; ++i)
        out += (i != 0 ? "," : "") + std::to_string(below(random, 5));
      return out + "]";
    };
    const std::string a = array();
    const std::string b = array();
    CAPTURE(a);
    CAPTURE(b);
    const auto there = normal(compare_json(a, b), false);
    CHECK(there == normal(compare_json(b, a), true));
    CHECK(there.empty() == (a == b));
  }
}

TEST_CASE("the longest common subsequence is as long as the slow algorithm finds") {
  for (std::uint64_t seed = 0; seed < 300; ++seed) {
    CAPTURE(seed);
    Random random(seed);
    std::vector<std::uint64_t> a(below(random, 20)), b(below(random, 20));
    for (auto& x : a) x = below(random, 4);
    for (auto& x : b) x = below(random, 4);
    std::vector<std::vector<std::size_t>> longest(a.size() + 1, std::vector<std::size_t>(b.size() + 1));
    for (std::size_t i = 1; i <= a.size(); ++i) {
      for (std::size_t j = 1; j <= b.size(); ++j) {
        longest[i][j] =
            a[i - 1] == b[j - 1] ? longest[i - 1][j - 1] + 1 : std::max(longest[i - 1][j], longest[i][j - 1]);
      }
    }
    const auto matches = longest_common(a, b, 100);
    REQUIRE(matches.has_value());
    CHECK(matches->size() == longest[a.size()][b.size()]);
    for (std::size_t k = 0; k < matches->size(); ++k) {
      const auto [i, j] = (*matches)[k];
      CHECK(a[i] == b[j]);
      if (k != 0) CHECK(((*matches)[k - 1].first < i && (*matches)[k - 1].second < j));
    }
  }
}
