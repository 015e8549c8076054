#include "format/epoch_tables.hpp"

#include <algorithm>
#include <cstdlib>
#include <cstring>

#include <openssl/evp.h>
#include <xxhash.h>

#include "format/wire.hpp"

namespace tapedeck::format {
namespace {

constexpr std::size_t kMinValue = 32;
constexpr std::size_t kMaxInterned = 8u << 10;
constexpr std::uint64_t kTableBytes = 16u << 20;  // values, and what their slots take
constexpr std::uint64_t kSlotBytes = 64;          // a table is half empty
constexpr std::size_t kTableBodies = 262'144;
constexpr std::size_t kFirstSlots = 1024;
constexpr unsigned kSecondBits = 24;

bool is_worth_it(std::string_view value) { return value.size() >= kMinValue && value.size() <= kMaxInterned; }

bool is_blank(char c) { return c == ' ' || c == '\t'; }

/// The value of a field line, within `line`; empty if it is none.
std::string_view value_of(std::string_view line) {
  const void* const colon = std::memchr(line.data(), ':', line.size());
  if (colon == nullptr) return {};
  line.remove_prefix(static_cast<std::size_t>(static_cast<const char*>(colon) - line.data()) + 1);
  while (!line.empty() && is_blank(line.front())) line.remove_prefix(1);
  while (!line.empty() && (is_blank(line.back()) || line.back() == '\r')) line.remove_suffix(1);
  return line;
}

void put_literal(std::string& out, std::string_view bytes) {
  if (bytes.empty()) return;
  put_varint(out, std::uint64_t{bytes.size()} * 2);
  out += bytes;
}

/// OpenSSL looks an algorithm up by name unless it is told which it is: that takes longer than hashing a small body.
class Sha256 {
 public:
  Sha256() : x_algorithm(EVP_MD_fetch(nullptr, "SHA256", nullptr)), x_context(EVP_MD_CTX_new()) {
    if (x_algorithm == nullptr || x_context == nullptr) std::abort();
  }
  ~Sha256() {
    EVP_MD_CTX_free(x_context);
    EVP_MD_free(x_algorithm);
  }
  Sha256(const Sha256&) = delete;
  Sha256& operator=(const Sha256&) = delete;

  void digest(std::string_view bytes, unsigned char* out) {
    if (EVP_DigestInit_ex2(x_context, x_algorithm, nullptr) != 1 ||
        EVP_DigestUpdate(x_context, bytes.data(), bytes.size()) != 1 ||
        EVP_DigestFinal_ex(x_context, out, nullptr) != 1) {
      std::abort();
    }
  }

 private:
  EVP_MD* x_algorithm;
  EVP_MD_CTX* x_context;
};

}  // namespace

ValueTable::Slot& ValueTable::slot_for(std::uint64_t hash, std::string_view value) {
  const std::size_t mask = x_slots.size() - 1;
  for (std::size_t at = static_cast<std::size_t>(hash) & mask;; at = (at + 1) & mask) {
    Slot& slot = x_slots[at];
    if (slot.bytes == nullptr) return slot;
    if (slot.hash == hash && std::string_view(slot.bytes, slot.size) == value) return slot;
  }
}

ValueTable::Answer ValueTable::find_or_add(std::string_view value, EpochPlace place) {
  if (2 * (x_count + 1) > x_slots.size()) grow();
  const std::uint64_t hash = XXH3_64bits(value.data(), value.size());
  Slot& slot = slot_for(hash, value);
  if (slot.bytes != nullptr) return {EpochPlace{slot.chunk, slot.index}, false};
  if (x_bytes + value.size() + kSlotBytes > kTableBytes) return {};
  slot = {hash, keep(value), static_cast<std::uint32_t>(value.size()), static_cast<std::uint32_t>(place.first),
          static_cast<std::uint32_t>(place.second)};
  ++x_count;
  x_bytes += value.size() + kSlotBytes;
  return {std::nullopt, true};
}

const char* ValueTable::keep(std::string_view value) {
  if (x_block < x_blocks.size() && x_block_used + value.size() > kBlock) {
    ++x_block;
    x_block_used = 0;
  }
  if (x_block == x_blocks.size()) x_blocks.push_back(std::make_unique_for_overwrite<char[]>(kBlock));
  char* const kept = x_blocks[x_block].get() + x_block_used;
  std::memcpy(kept, value.data(), value.size());
  x_block_used += value.size();
  return kept;
}

void ValueTable::grow() {
  std::vector<Slot> old(std::max(kFirstSlots, 2 * x_slots.size()));
  old.swap(x_slots);
  for (const Slot& slot : old) {
    if (slot.bytes != nullptr) slot_for(slot.hash, {slot.bytes, slot.size}) = slot;
  }
}

void ValueTable::clear() {
  std::fill(x_slots.begin(), x_slots.end(), Slot{});
  x_count = 0;
  x_bytes = 0;
  x_block = 0;
  x_block_used = 0;
}

BodyHash hash_of_body(std::string_view bytes) {
  thread_local Sha256 sha256;
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest;
  sha256.digest(bytes, digest.data());
  BodyHash hash{};
  std::memcpy(hash.data(), digest.data(), sizeof hash);
  return hash;
}

BodyTable::Slot& BodyTable::slot_for(const BodyHash& hash) {
  const std::size_t mask = x_slots.size() - 1;
  for (std::size_t at = static_cast<std::size_t>(hash[0]) & mask;; at = (at + 1) & mask) {
    Slot& slot = x_slots[at];
    if (slot.place == 0 || slot.hash == hash) return slot;
  }
}

std::optional<EpochPlace> BodyTable::find_or_add(const BodyHash& hash, EpochPlace place) {
  if (2 * (x_count + 1) > x_slots.size() && x_count < kTableBodies) grow();
  Slot& slot = slot_for(hash);
  if (slot.place != 0) {
    return EpochPlace{(slot.place - 1) >> kSecondBits, (slot.place - 1) & ((1u << kSecondBits) - 1)};
  }
  const bool fits = place.first < (std::uint64_t{1} << 39) && place.second < (1u << kSecondBits);
  if (x_count < kTableBodies && fits) {
    slot = {hash, (place.first << kSecondBits | place.second) + 1};
    ++x_count;
  }
  return std::nullopt;
}

void BodyTable::grow() {
  std::vector<Slot> old(std::max(kFirstSlots, 2 * x_slots.size()));
  old.swap(x_slots);
  for (const Slot& slot : old) {
    if (slot.place != 0) slot_for(slot.hash) = slot;
  }
}

void BodyTable::clear() {
  std::fill(x_slots.begin(), x_slots.end(), Slot{});
  x_count = 0;
}

std::size_t put_head(std::string& out, std::string_view head, ValueTable& table, const OpenValues& open) {
  const std::size_t before = out.size();
  std::size_t literal = 0;
  std::size_t line = std::min(head.find('\n'), head.size());  // the start line is no field
  while (line < head.size()) {
    const std::size_t begin = line + 1;
    line = std::min(head.find('\n', begin), head.size());
    const std::string_view value = value_of(head.substr(std::min(begin, head.size()), line - std::min(begin, line)));
    if (!is_worth_it(value)) continue;
    EpochPlace place{open.chunk, *open.next_value};
    const ValueTable::Answer answer = table.find_or_add(value, place);
    if (answer.added) {
      ++*open.next_value;
      put_varint(*open.values, value.size());
      *open.values += value;
    } else if (answer.known) {
      place = *answer.known;
    } else {
      continue;
    }
    const auto at = static_cast<std::size_t>(value.data() - head.data());
    put_literal(out, head.substr(literal, at - literal));
    put_varint(out, (open.chunk - place.first) * 2 + 1);
    put_varint(out, place.second);
    literal = at + value.size();
  }
  put_literal(out, head.substr(literal));
  return out.size() - before;
}

}  // namespace tapedeck::format
