#pragma once
#include <cstdint>
#include <string>
#include <string_view>

namespace tapedeck::http {

/// Writes the lines of a head. No value brings a line end of its own: a folded line becomes one space.
class HeadWriter {
 public:
  explicit HeadWriter(std::string& out) : x_out(out) {}

  void text(std::string_view text) { x_out += text; }
  void line_end() { x_out += "\r\n"; }
  void field(std::string_view name, std::string_view value);
  void field(std::string_view name, std::uint64_t value);
  /// `name: value, more`
  void field_and(std::string_view name, std::string_view value, std::string_view more);

 private:
  void value(std::string_view value);
  std::string& x_out;
};

}  // namespace tapedeck::http
