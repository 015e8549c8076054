#pragma once
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace tapedeck::diff {

enum class JsonType : std::uint8_t { null, boolean, number, string, array, object };
std::string_view name_of(JsonType type);

/// One value in document order. Offsets are into the tree's text.
struct JsonNode {
  std::uint64_t hash = 0;  // of the value; equal hashes are equal values
  std::uint32_t at = 0;    // token; strings with their quotes, containers up to their bracket
  std::uint32_t size = 0;
  std::uint32_t key_at = 0;  // between the quotes, escaped; members of objects only
  std::uint32_t key_size = 0;
  std::uint32_t nodes = 1;  // this one and all below
  JsonType type = JsonType::null;
  bool repeated_keys = false;  // object with a name twice
};

struct TreeLimits {
  std::size_t bytes = 16u << 20;
  std::size_t nodes = 1u << 20;
  std::size_t depth = 512;
};

enum class JsonFailure : std::uint8_t { none, invalid, too_large };

/// A JSON document as a flat array of nodes in document order. Strict by RFC 8259 (plus a byte order mark). Owns its
/// text.
class JsonTree {
 public:
  /// `seed` must be the same for trees to be compared.
  static JsonTree parse(std::string text, const TreeLimits& limits, std::uint64_t seed);

  JsonFailure failure() const { return x_failure; }
  bool ok() const { return x_failure == JsonFailure::none; }
  const std::string& text() const { return x_text; }
  std::string take_text() && { return std::move(x_text); }
  std::span<const JsonNode> nodes() const { return x_nodes; }  // the root comes first
  const JsonNode& node(std::uint32_t index) const { return x_nodes[index]; }
  std::string_view token(std::uint32_t index) const { return view(x_nodes[index].at, x_nodes[index].size); }
  std::string_view raw_key(std::uint32_t index) const { return view(x_nodes[index].key_at, x_nodes[index].key_size); }
  /// The string's value, unescaped. Only for strings.
  std::string string_value(std::uint32_t index) const;
  std::string key(std::uint32_t index) const;
  /// Indices of an array's elements or an object's members.
  std::vector<std::uint32_t> children(std::uint32_t index) const;

 private:
  friend class JsonTreeBuilder;
  std::string_view view(std::size_t at, std::size_t size) const { return std::string_view(x_text).substr(at, size); }

  std::string x_text;
  std::vector<JsonNode> x_nodes;
  JsonFailure x_failure = JsonFailure::none;
};

}  // namespace tapedeck::diff
