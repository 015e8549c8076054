#pragma once
#include <array>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

namespace tapedeck::format {

/// A place within an epoch: a chunk, and an index among its values or bodies; or a blob and its part.
struct EpochPlace {
  std::uint64_t first = 0;
  std::uint64_t second = 0;
};

/// Header values that stand in VALUES of some chunk of this epoch. Keeps the values and compares bytes. When it is full
/// no more are taken.
class ValueTable {
 public:
  /// Where `value` stands; nothing if it is not worth it, or not known.
  std::optional<EpochPlace> find(std::string_view value) const;
  /// Whether it may be added.
  bool takes(std::string_view value) const;
  void add(std::string_view value, EpochPlace place);
  void clear();

 private:
  struct Hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const { return std::hash<std::string_view>()(text); }
  };
  std::unordered_map<std::string, EpochPlace, Hash, std::equal_to<>> x_values;
  std::uint64_t x_bytes = 0;
};

/// The first 128 bits of a SHA-256: clients choose bodies, and a weak hash would let them swap two.
using BodyHash = std::array<std::uint64_t, 2>;
BodyHash hash_of_body(std::string_view bytes);

/// Bodies, or parts of blobs, of this epoch: hashes and places, never bytes. When it is full no more are taken.
class BodyTable {
 public:
  /// Where equal bytes stand; else remembers that they stand at `place` from now on.
  std::optional<EpochPlace> find_or_add(const BodyHash& hash, EpochPlace place);
  void clear() { x_places.clear(); }

 private:
  struct Hash {
    std::size_t operator()(const BodyHash& hash) const { return static_cast<std::size_t>(hash[0]); }
  };
  std::unordered_map<BodyHash, EpochPlace, Hash> x_places;
};

/// Appends `head` as pieces to `out`: values that are worth it by reference, the rest literally. Values new to the
/// epoch go to `values` (the open chunk's VALUES; `next_value` is how many stand there). Returns the bytes appended.
struct OpenValues {
  std::uint64_t chunk = 0;  // in its epoch
  std::string* values = nullptr;
  std::uint64_t* next_value = nullptr;
};
std::size_t put_head(std::string& out, std::string_view head, ValueTable& table, const OpenValues& open);

}  // namespace tapedeck::format
