#include "diff/json_tree.hpp"

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include <simdjson.h>
#include <xxhash.h>

#include "base/text.hpp"
#include "diff/json_scalar.hpp"

namespace tapedeck::diff {
namespace {

namespace ondemand = simdjson::ondemand;

std::uint64_t mix(std::uint64_t a, std::uint64_t b) {
  __extension__ using Wide = unsigned __int128;
  const Wide product = static_cast<Wide>(a ^ 0x9E3779B97F4A7C15u) * (b ^ 0xD6E8FEB86659FD93u);
  return static_cast<std::uint64_t>(product) ^ static_cast<std::uint64_t>(product >> 64);
}

/// Length of the string literal at the front of `text`, quotes included; 0 if it does not end.
std::size_t string_length(std::string_view text) {
  for (std::size_t i = 1; i < text.size(); ++i) {
    if (text[i] == '\\')
      ++i;
    else if (text[i] == '"')
      return i + 1;
  }
  return 0;
}

/// A name twice among these hashes? Sorts a copy only where there are many.
bool has_repeats(std::span<const std::uint64_t> hashes, std::vector<std::uint64_t>& scratch) {
  if (hashes.size() <= 16) {
    for (std::size_t i = 1; i < hashes.size(); ++i) {
      if (std::find(hashes.begin(), hashes.begin() + static_cast<std::ptrdiff_t>(i), hashes[i]) !=
          hashes.begin() + static_cast<std::ptrdiff_t>(i)) {
        return true;
      }
    }
    return false;
  }
  scratch.assign(hashes.begin(), hashes.end());
  std::sort(scratch.begin(), scratch.end());
  return std::adjacent_find(scratch.begin(), scratch.end()) != scratch.end();
}

/// Buffers of simdjson, kept between documents; those of a large one are given back.
ondemand::parser& parser_of_this_thread() {
  thread_local ondemand::parser parser;
  constexpr std::size_t kKeep = 1u << 20;
  if (parser.capacity() > kKeep) parser = ondemand::parser();
  return parser;
}

}  // namespace

/// Walks a document once. simdjson finds the structure; what it leaves unchecked as long as values are taken as raw
/// tokens (grammar of numbers, literals, escapes, and what stands behind the root) is checked here.
class JsonTreeBuilder {
 public:
  JsonTreeBuilder(JsonTree& tree, const TreeLimits& limits, std::uint64_t seed)
      : x_tree(tree), x_limits(limits), x_seed(seed) {}

  void run() {
    std::string& text = x_tree.x_text;
    if (text.starts_with("\xEF\xBB\xBF")) text.erase(0, 3);
    if (text.size() > x_limits.bytes) return fail(JsonFailure::too_large);
    const std::string_view inner = trim_blanks(text);
    if (inner.empty()) return fail(JsonFailure::invalid);
    text.reserve(text.size() + simdjson::SIMDJSON_PADDING);
    x_begin = text.data();
    ondemand::document document;
    if (parser_of_this_thread()
            .iterate(simdjson::padded_string_view(text.data(), text.size(), text.capacity()))
            .get(document) != simdjson::SUCCESS) {
      return fail(JsonFailure::invalid);
    }
    if (!root(document, trim_blanks(text))) fail(JsonFailure::invalid);
  }

 private:
  void fail(JsonFailure failure) {
    if (x_tree.x_failure == JsonFailure::none) x_tree.x_failure = failure;
    x_tree.x_nodes.clear();
  }

  bool too_large() {
    x_tree.x_failure = JsonFailure::too_large;
    return false;
  }

  // A scalar root is not what On-Demand is made for (`12 34` passes): the whole text must be the one token.
  bool root(ondemand::document& document, std::string_view inner) {
    if (inner.front() != '{' && inner.front() != '[') {
      if (inner.front() == '"' && string_length(inner) != inner.size()) return false;
      return open(inner.data()) && scalar(0, inner);
    }
    ondemand::value value;
    if (document.get_value().get(value) != simdjson::SUCCESS) return false;
    if (!container(value, inner.data(), inner.front(), 1)) return false;
    return document.current_location().error() == simdjson::OUT_OF_BOUNDS;
  }

  bool open(const char* token) {
    if (x_tree.x_nodes.size() >= x_limits.nodes) return too_large();
    x_tree.x_nodes.emplace_back().at = offset(token);
    return true;
  }

  std::uint32_t offset(const char* at) const { return static_cast<std::uint32_t>(at - x_begin); }

  bool any(ondemand::value& value, std::size_t depth) {
    const std::string_view token = trim_blanks(value.raw_json_token());
    if (token.empty()) return false;
    if (token.front() == '{' || token.front() == '[') return container(value, token.data(), token.front(), depth + 1);
    const auto index = static_cast<std::uint32_t>(x_tree.x_nodes.size());
    return open(token.data()) && scalar(index, token);
  }

  bool scalar(std::uint32_t index, std::string_view token) {
    JsonNode& node = x_tree.x_nodes[index];
    node.size = static_cast<std::uint32_t>(token.size());
    if (token.front() == '"') {
      if (string_length(token) != token.size()) return false;
      node.type = JsonType::string;
      return set_hash(node, hash_string(token.substr(1, token.size() - 2), x_seed, x_scratch));
    }
    if (token == "null" || token == "true" || token == "false") {
      node.type = token == "null" ? JsonType::null : JsonType::boolean;
      node.hash = mix(x_seed, static_cast<unsigned char>(token.front()));
      return true;
    }
    node.type = JsonType::number;
    return set_hash(node, hash_number(token, x_seed));
  }

  static bool set_hash(JsonNode& node, std::optional<std::uint64_t> hash) {
    if (!hash) return false;
    node.hash = *hash;
    return true;
  }

  bool container(ondemand::value& value, const char* at, char bracket, std::size_t depth) {
    if (depth > x_limits.depth) return too_large();
    const auto index = static_cast<std::uint32_t>(x_tree.x_nodes.size());
    if (!open(at)) return false;
    if (!(bracket == '[' ? array(value, index, depth) : object(value, index, depth))) return false;
    JsonNode& node = x_tree.x_nodes[index];
    node.nodes = static_cast<std::uint32_t>(x_tree.x_nodes.size()) - index;
    close(node, index, bracket);
    return true;
  }

  // The closing bracket follows the last child, after blanks: simdjson has moved on and no longer says where it was.
  void close(JsonNode& node, std::uint32_t index, char bracket) {
    std::uint32_t end = node.at + 1;
    if (node.nodes > 1) {
      std::uint32_t last = index + 1;
      while (last + x_tree.x_nodes[last].nodes < index + node.nodes) last += x_tree.x_nodes[last].nodes;
      end = x_tree.x_nodes[last].at + x_tree.x_nodes[last].size;
    }
    const char wanted = bracket == '[' ? ']' : '}';
    while (end < x_tree.x_text.size() && x_tree.x_text[end] != wanted) ++end;
    node.size = end + 1 - node.at;
  }

  bool array(ondemand::value& value, std::uint32_t index, std::size_t depth) {
    ondemand::array elements;
    if (value.get_array().get(elements) != simdjson::SUCCESS) return false;
    std::uint64_t hash = mix(x_seed, '[');
    for (auto element : elements) {
      ondemand::value item;
      const auto child = x_tree.x_nodes.size();
      if (element.get(item) != simdjson::SUCCESS || !any(item, depth)) return false;
      hash = mix(hash, x_tree.x_nodes[child].hash);
    }
    x_tree.x_nodes[index].type = JsonType::array;
    x_tree.x_nodes[index].hash = hash;
    return true;
  }

  bool object(ondemand::value& value, std::uint32_t index, std::size_t depth) {
    ondemand::object members;
    if (value.get_object().get(members) != simdjson::SUCCESS) return false;
    const std::size_t first_key = x_key_hashes.size();
    std::uint64_t sum = 0;
    std::uint64_t in_order = mix(x_seed, 'd');
    for (auto member : members) {
      ondemand::field field;
      if (std::move(member).get(field) != simdjson::SUCCESS) return false;
      const auto child = x_tree.x_nodes.size();
      std::uint64_t pair = 0;
      if (!add_member(field, child, depth, pair)) return false;
      sum += pair;
      in_order = mix(in_order, pair);
    }
    finish_object(index, first_key, sum, in_order);
    return true;
  }

  bool add_member(ondemand::field& field, std::size_t child, std::size_t depth, std::uint64_t& pair) {
    const char* key = field.key().raw();
    const std::string_view rest = std::string_view(x_tree.x_text).substr(offset(key) - 1);
    const std::size_t length = string_length(rest);
    if (length < 2) return false;
    const auto key_hash = hash_string(rest.substr(1, length - 2), x_seed, x_scratch);
    if (!key_hash || !any(field.value(), depth)) return false;
    JsonNode& node = x_tree.x_nodes[child];
    node.key_at = offset(key);
    node.key_size = static_cast<std::uint32_t>(length - 2);
    x_key_hashes.push_back(*key_hash);
    pair = mix(*key_hash, mix(x_seed ^ node.hash, ':'));
    return true;
  }

  // Members have no order, unless a name comes twice: then the last one is the value, and only the order tells.
  void finish_object(std::uint32_t index, std::size_t first_key, std::uint64_t sum, std::uint64_t in_order) {
    const std::span keys = std::span(x_key_hashes).subspan(first_key);
    JsonNode& node = x_tree.x_nodes[index];
    node.type = JsonType::object;
    node.repeated_keys = has_repeats(keys, x_sort_scratch);
    node.hash = node.repeated_keys ? in_order : mix(x_seed ^ sum, keys.size() + 256);
    x_key_hashes.resize(first_key);
  }

  JsonTree& x_tree;
  const TreeLimits& x_limits;
  std::uint64_t x_seed;
  const char* x_begin = nullptr;
  std::string x_scratch;
  std::vector<std::uint64_t> x_key_hashes;  // of all open objects
  std::vector<std::uint64_t> x_sort_scratch;
};

std::string_view name_of(JsonType type) {
  constexpr std::array<std::string_view, 6> kNames{"null", "boolean", "number", "string", "array", "object"};
  return kNames[static_cast<std::size_t>(type)];
}

JsonTree JsonTree::parse(std::string text, const TreeLimits& limits, std::uint64_t seed) {
  JsonTree tree;
  tree.x_text = std::move(text);
  JsonTreeBuilder(tree, limits, seed).run();
  return tree;
}

std::string JsonTree::string_value(std::uint32_t index) const {
  std::string_view inner = token(index);
  inner.remove_prefix(1);
  inner.remove_suffix(1);
  std::string out;
  unescape_json(inner, out);
  return out;
}

std::string JsonTree::key(std::uint32_t index) const {
  std::string out;
  unescape_json(raw_key(index), out);
  return out;
}

std::vector<std::uint32_t> JsonTree::children(std::uint32_t index) const {
  std::vector<std::uint32_t> out;
  const std::uint32_t end = index + x_nodes[index].nodes;
  for (std::uint32_t i = index + 1; i < end; i += x_nodes[i].nodes) out.push_back(i);
  return out;
}

}  // namespace tapedeck::diff
