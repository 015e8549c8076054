#include "diff/text_diff.hpp"

#include <algorithm>
#include <cstdio>
#include <span>
#include <vector>

#include <xxhash.h>

#include "diff/sequence_match.hpp"

namespace tapedeck::diff {
namespace {

constexpr std::size_t kMaxLines = 20000;
constexpr std::size_t kMaxEdits = 1000;

std::vector<std::string_view> lines_of(std::string_view text) {
  std::vector<std::string_view> out;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size() - 1) + 1;
    out.push_back(text.substr(0, end));
    text.remove_prefix(end);
  }
  return out;
}

std::vector<std::uint64_t> hashes_of(std::span<const std::string_view> lines) {
  std::vector<std::uint64_t> out;
  out.reserve(lines.size());
  for (const std::string_view line : lines) out.push_back(XXH3_64bits(line.data(), line.size()));
  return out;
}

std::string joined(std::span<const std::string_view> lines) {
  if (lines.empty()) return {};
  return shown({lines.front().data(),
                static_cast<std::size_t>(lines.back().data() + lines.back().size() - lines.front().data())});
}

using Lines = std::span<const std::string_view>;

/// The longer side is always asked second, so that (b, a) mirrors (a, b).
bool swaps(Lines a, Lines b) {
  if (a.size() != b.size()) return a.size() > b.size();
  return !a.empty() && a.front() > b.front();
}

std::vector<Gap> gaps(Lines a, Lines b) {
  const Gap whole{0, a.size(), 0, b.size()};
  if (a.size() > kMaxLines || b.size() > kMaxLines) return {whole};
  const bool swapped = swaps(a, b);
  const auto x = hashes_of(swapped ? b : a);
  const auto y = hashes_of(swapped ? a : b);
  auto matches = longest_common(x, y, kMaxEdits);
  if (!matches) return {whole};
  if (swapped) {
    for (auto& [i, j] : *matches) std::swap(i, j);
  }
  return gaps_between(*matches, a.size(), b.size());
}

std::size_t common_prefix(std::string_view a, std::string_view b) {
  const std::size_t shorter = std::min(a.size(), b.size());
  return static_cast<std::size_t>(
      std::mismatch(a.begin(), a.begin() + static_cast<std::ptrdiff_t>(shorter), b.begin()).first - a.begin());
}

std::string describe_bytes(std::string_view bytes, std::size_t from) {
  std::string out = std::to_string(bytes.size()) + " bytes";
  if (from >= bytes.size()) return out + ", ends there";
  out += ", there";
  for (const char c : bytes.substr(from, 16)) {
    char hex[4];
    std::snprintf(hex, sizeof hex, " %02x", static_cast<unsigned>(static_cast<unsigned char>(c)));
    out += hex;
  }
  return out;
}

}  // namespace

void diff_lines(std::string_view primary, std::string_view candidate, DifferenceList& out) {
  const auto all_a = lines_of(primary);
  const auto all_b = lines_of(candidate);
  const std::size_t shorter = std::min(all_a.size(), all_b.size());
  std::size_t head = 0;
  while (head < shorter && all_a[head] == all_b[head]) ++head;
  std::size_t tail = 0;
  while (tail < shorter - head && all_a[all_a.size() - 1 - tail] == all_b[all_b.size() - 1 - tail]) ++tail;
  const Lines a = Lines(all_a).subspan(head, all_a.size() - tail - head);
  const Lines b = Lines(all_b).subspan(head, all_b.size() - tail - head);
  for (const Gap& gap : gaps(a, b)) {
    Difference difference;
    difference.kind = Kind::text;
    difference.pointer = "line " + std::to_string(head + gap.a_begin + 1);
    difference.primary = joined(a.subspan(gap.a_begin, gap.a_end - gap.a_begin));
    difference.candidate = joined(b.subspan(gap.b_begin, gap.b_end - gap.b_begin));
    out.add(std::move(difference));
  }
}

void diff_bytes(std::string_view primary, std::string_view candidate, DifferenceList& out) {
  const std::size_t from = common_prefix(primary, candidate);
  Difference difference;
  difference.kind = Kind::bytes;
  difference.pointer = "byte " + std::to_string(from);
  difference.primary = describe_bytes(primary, from);
  difference.candidate = describe_bytes(candidate, from);
  out.add(std::move(difference));
}

}  // namespace tapedeck::diff
