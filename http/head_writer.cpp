#include "http/head_writer.hpp"

#include <array>
#include <charconv>

#include "http/chars.hpp"

namespace tapedeck::http {

void HeadWriter::value(std::string_view value) {
  auto at = find_control(value, 0);
  while (at < value.size()) {
    if (!is(value[at], kFoldSpaceChar) || value[at] == '\t') {
      at = find_control(value, at + 1);
      continue;
    }
    x_out += trim(value.substr(0, at));
    x_out += ' ';
    value = trim(value.substr(at), kFoldSpaceChar);
    at = find_control(value, 0);
  }
  x_out += value;
}

void HeadWriter::field(std::string_view name, std::string_view content) {
  x_out += name;
  x_out += ": ";
  value(content);
  line_end();
}

void HeadWriter::field(std::string_view name, std::uint64_t number) {
  std::array<char, 20> digits;
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), number).ptr;
  field(name, std::string_view(digits.data(), static_cast<std::size_t>(end - digits.data())));
}

void HeadWriter::field_and(std::string_view name, std::string_view content, std::string_view more) {
  x_out += name;
  x_out += ": ";
  value(content);
  if (!content.empty()) x_out += ", ";
  x_out += more;
  line_end();
}

}  // namespace tapedeck::http
