#pragma once
#include <string_view>

#include "format/foreign/foreign_reader.hpp"

namespace tapedeck::format {

/// What a reader leaves out, and whether it had to.
class SkipAccount {
 public:
  /// It has no place on a tape.
  void leave_out(std::string_view reason) { count(reason); }
  /// It cannot be read.
  void damage(std::string_view reason) {
    count(reason);
    x_damaged = true;
  }
  const Skipped& skipped() const { return x_skipped; }
  bool damaged() const { return x_damaged; }

 private:
  void count(std::string_view reason) {
    const auto found = x_skipped.find(reason);
    if (found != x_skipped.end()) {
      ++found->second;
    } else {
      x_skipped.emplace(reason, 1);
    }
  }
  Skipped x_skipped;
  bool x_damaged = false;
};

}  // namespace tapedeck::format
