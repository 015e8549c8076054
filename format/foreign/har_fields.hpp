#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "format/foreign/har_entry.hpp"
#include "format/foreign/skip_account.hpp"

namespace tapedeck::format {

/// The header fields of a rebuilt head. Pseudo-headers (`:path`) are gone, values that browsers joined by line feeds
/// are fields of their own again. What cannot stand in a head is left out and counted as `field_refused`.
class HarFields {
 public:
  HarFields(const std::vector<HarField>& fields, SkipAccount& skips);

  /// The first of this name, any case.
  std::optional<std::string_view> find(std::string_view name) const;
  void drop(std::string_view name);
  /// The only one of this name: in the place of the first, else at the end.
  void set(std::string_view name, std::string value);
  void put_first(std::string_view name, std::string_view value);
  /// Field lines, without the empty one.
  std::string lines() const;

 private:
  struct Line {
    std::string name;
    std::string value;
  };
  void add(std::string_view name, std::string_view value, SkipAccount& skips);
  std::vector<Line> x_lines;
};

}  // namespace tapedeck::format
