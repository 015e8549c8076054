#include "format/epoch_tables.hpp"

#include <cstdlib>
#include <cstring>

#include <openssl/evp.h>

#include "format/wire.hpp"

namespace tapedeck::format {
namespace {

constexpr std::size_t kMinValue = 32;
constexpr std::size_t kMaxInterned = 8u << 10;
constexpr std::uint64_t kTableBytes = 16u << 20;
constexpr std::size_t kTableBodies = 262'144;

bool is_worth_it(std::string_view value) { return value.size() >= kMinValue && value.size() <= kMaxInterned; }

/// The value of a field line, within `line`; empty if it is none.
std::string_view value_of(std::string_view line) {
  const std::size_t colon = line.find(':');
  if (colon == std::string_view::npos) return {};
  const std::size_t first = line.find_first_not_of(" \t", colon + 1);
  const std::size_t last = line.find_last_not_of(" \t\r");
  if (first == std::string_view::npos || last == std::string_view::npos || last < first) return {};
  return line.substr(first, last - first + 1);
}

void put_literal(std::string& out, std::string_view bytes) {
  if (bytes.empty()) return;
  put_varint(out, std::uint64_t{bytes.size()} * 2);
  out += bytes;
}

}  // namespace

std::optional<EpochPlace> ValueTable::find(std::string_view value) const {
  const auto known = x_values.find(value);
  return known == x_values.end() ? std::nullopt : std::optional(known->second);
}

bool ValueTable::takes(std::string_view value) const { return x_bytes + value.size() <= kTableBytes; }

void ValueTable::add(std::string_view value, EpochPlace place) {
  x_values.emplace(value, place);
  x_bytes += value.size();
}

void ValueTable::clear() {
  x_values.clear();
  x_bytes = 0;
}

BodyHash hash_of_body(std::string_view bytes) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned size = 0;
  if (EVP_Digest(bytes.data(), bytes.size(), digest.data(), &size, EVP_sha256(), nullptr) != 1) std::abort();
  BodyHash hash{};
  std::memcpy(hash.data(), digest.data(), sizeof hash);
  return hash;
}

std::optional<EpochPlace> BodyTable::find_or_add(const BodyHash& hash, EpochPlace place) {
  if (const auto known = x_places.find(hash); known != x_places.end()) return known->second;
  if (x_places.size() < kTableBodies) x_places.emplace(hash, place);
  return std::nullopt;
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
    auto place = table.find(value);
    if (!place && table.takes(value)) {
      place = EpochPlace{open.chunk, (*open.next_value)++};
      table.add(value, *place);
      put_varint(*open.values, value.size());
      *open.values += value;
    }
    if (!place) continue;
    const auto at = static_cast<std::size_t>(value.data() - head.data());
    put_literal(out, head.substr(literal, at - literal));
    put_varint(out, (open.chunk - place->first) * 2 + 1);
    put_varint(out, place->second);
    literal = at + value.size();
  }
  put_literal(out, head.substr(literal));
  return out.size() - before;
}

}  // namespace tapedeck::format
