#pragma once
#include <cstddef>
#include <cstdint>
#include <functional>
#include <iterator>
#include <map>
#include <optional>

namespace tapedeck::format {

/// The record numbers of a segment that a scan has not met yet, or met on damaged records. Whoever made the tape chose
/// the order of its records: each is looked up among the ranges that lack in logarithmic time.
template <class Less = std::less<std::uint64_t>>
class RecordNumbers {
 public:
  explicit RecordNumbers(Less less = {}) : x_holes(less) {}

  /// One past the greatest number met.
  std::uint64_t next() const { return x_next; }
  /// How many below that were not met.
  std::uint64_t missing() const { return x_missing; }

  /// A number that is not below next(). `place`: where the caller keeps a damaged record.
  enum class State : std::uint8_t { whole, damaged };
  void go_on(std::uint64_t number, State state, std::size_t place) {
    if (x_next < number) {
      x_holes.emplace(x_next, Hole{number, std::nullopt});
      x_missing += number - x_next;
    }
    if (state == State::damaged) x_holes.emplace(number, Hole{number + 1, place});
    x_next = number == UINT64_MAX ? number : number + 1;
  }

  /// A whole record with a number below next(). Nothing if that is known already; it is from now on.
  struct Filled {
    std::optional<std::size_t> damaged;  // where the damaged one is
  };
  std::optional<Filled> fill(std::uint64_t number) {
    auto hole = x_holes.upper_bound(number);
    if (hole == x_holes.begin()) return std::nullopt;
    --hole;
    const auto [from, whole] = *hole;
    if (!whole.damaged && number >= whole.to) return std::nullopt;
    if (whole.damaged && number != from) return std::nullopt;
    x_holes.erase(hole);
    if (whole.damaged) return Filled{whole.damaged};
    if (from < number) x_holes.emplace(from, Hole{number, std::nullopt});
    if (number + 1 < whole.to) x_holes.emplace(number + 1, Hole{whole.to, std::nullopt});
    --x_missing;
    return Filled{};
  }

 private:
  struct Hole {
    std::uint64_t to = 0;
    std::optional<std::size_t> damaged;
  };
  std::map<std::uint64_t, Hole, Less> x_holes;  // by first number; they do not overlap
  std::uint64_t x_next = 0;
  std::uint64_t x_missing = 0;
};

}  // namespace tapedeck::format
