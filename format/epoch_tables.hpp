#pragma once
#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace tapedeck::format {

/// A place within an epoch: a chunk, and an index among its values or bodies; or a blob and its part.
struct EpochPlace {
  std::uint64_t first = 0;
  std::uint64_t second = 0;
};

/// Header values that stand in VALUES of some chunk of this epoch. Keeps the values and compares bytes. When it is full
/// no more are taken. Open addressing, values side by side in blocks: nothing is allocated for a value.
class ValueTable {
 public:
  /// Where `value` stands; else, if there is room, remembers that it stands at `place` from now on.
  struct Answer {
    std::optional<EpochPlace> known;
    bool added = false;
  };
  Answer find_or_add(std::string_view value, EpochPlace place);
  void clear();
  std::uint64_t memory() const { return x_slots.capacity() * sizeof(Slot) + x_blocks.size() * kBlock; }

 private:
  struct Slot {
    std::uint64_t hash = 0;
    const char* bytes = nullptr;  // null: free
    std::uint32_t size = 0;
    std::uint32_t chunk = 0;
    std::uint32_t index = 0;
  };
  static constexpr std::size_t kBlock = 256u << 10;
  Slot& slot_for(std::uint64_t hash, std::string_view value);
  const char* keep(std::string_view value);
  void grow();

  std::vector<Slot> x_slots;
  std::size_t x_count = 0;
  std::uint64_t x_bytes = 0;
  std::vector<std::unique_ptr<char[]>> x_blocks;
  std::size_t x_block = 0;       // being filled
  std::size_t x_block_used = 0;  // of it
};

/// The first 128 bits of a SHA-256: clients choose bodies, and a weak hash would let them swap two.
using BodyHash = std::array<std::uint64_t, 2>;
BodyHash hash_of_body(std::string_view bytes);

/// Bodies, or parts of blobs, of this epoch: hashes and places, never bytes. When it is full no more are taken.
class BodyTable {
 public:
  /// Where equal bytes stand; else remembers that they stand at `place` from now on.
  std::optional<EpochPlace> find_or_add(const BodyHash& hash, EpochPlace place);
  void clear();
  std::uint64_t memory() const { return x_slots.capacity() * sizeof(Slot); }

 private:
  struct Slot {
    BodyHash hash{};
    std::uint64_t place = 0;  // 40 + 24 bits, + 1; 0: free
  };
  Slot& slot_for(const BodyHash& hash);
  void grow();

  std::vector<Slot> x_slots;
  std::size_t x_count = 0;
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
