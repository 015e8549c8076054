// Two JSON documents with a NUL between them: comparing must not crash, must be symmetric in finding nothing, and a
// tree read again from its own text is the same.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "diff/json_tree.hpp"
#include "diff/tree_diff.hpp"

using namespace tapedeck::diff;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  const std::size_t split = std::min(input.find('\0'), size);
  const JsonTree a = JsonTree::parse(std::string(input.substr(0, split)), {1u << 20, 10000, 64}, 1);
  const JsonTree b = JsonTree::parse(std::string(input.substr(std::min(split + 1, size))), {1u << 20, 10000, 64}, 1);
  if (!a.ok() || !b.ok()) return 0;
  HiddenBy hidden;
  PairFacts facts;
  facts.hidden = &hidden;
  DifferenceList there(256), back(256);
  diff_trees(a, b, facts, there);
  diff_trees(b, a, facts, back);
  if (a.node(0).hash == b.node(0).hash && !there.empty()) std::abort();
  if (there.empty() != back.empty() && hidden.none()) std::abort();
  const JsonTree again = JsonTree::parse(std::string(a.token(0)), {1u << 20, 10000, 64}, 1);
  if (!again.ok() || again.node(0).hash != a.node(0).hash) std::abort();
  return 0;
}
