#pragma once
#include <optional>
#include <utility>

#include "format/foreign/foreign_reader.hpp"

namespace tapedeck::format {

/// The records of a recording in parts, one part after the other.
template <class Records>
class InParts {
 public:
  explicit InParts(NextStream next_part) : x_next_part(std::move(next_part)) {}

  /// What `read` makes of a part's records, the first part that has any: a Result of an optional. Nothing behind the
  /// last.
  template <class Read>
  auto next(Read&& read) -> decltype(read(std::declval<Records&>())) {
    using Record = typename decltype(read(std::declval<Records&>()))::value_type;
    for (;;) {
      if (!x_part) {
        if (!x_next_part) return Record();
        auto part = x_next_part();
        if (!part) return part.error();
        if (!*part) {
          stop();
          return Record();
        }
        x_part.emplace(std::move(*part));
      }
      auto record = read(*x_part);
      if (!record || *record) return record;
      x_part.reset();
    }
  }
  /// The part that the last record came from.
  Records& part() { return *x_part; }
  /// Nothing comes any more.
  void stop() {
    x_part.reset();
    x_next_part = nullptr;
  }

 private:
  NextStream x_next_part;
  std::optional<Records> x_part;
};

}  // namespace tapedeck::format
