#include "http/head_writer.hpp"

#include <array>
#include <charconv>

#include "http/chars.hpp"

namespace tapedeck::http {

void HeadWriter::value(std::string_view value) {
  while (true) {
    const auto fold = value.find_first_of("\r\n");
    x_out += trim(value.substr(0, fold));
    if (fold == std::string_view::npos) return;
    value = trim(value.substr(fold), kFoldSpaceChar);
    x_out += ' ';
  }
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
