#include "base/json_writer.hpp"

#include <array>
#include <cmath>
#include <iterator>

#include <fmt/format.h>
#include <simdjson.h>

namespace tapedeck {
namespace {

void append_escaped(std::string& out, std::string_view text) {
  constexpr std::string_view kHex = "0123456789abcdef";
  for (const char c : text) {
    switch (c) {
      case '"': out += "\\\""; break;
      case '\\': out += "\\\\"; break;
      case '\n': out += "\\n"; break;
      case '\r': out += "\\r"; break;
      case '\t': out += "\\t"; break;
      default:
        if (const auto u = static_cast<unsigned char>(c); u < 0x20) {
          out += "\\u00";
          out += kHex[u >> 4];
          out += kHex[u & 15];
        } else {
          out += c;
        }
    }
  }
}

std::size_t utf8_sequence_length(std::string_view text) {
  const std::size_t longest = std::min<std::size_t>(4, text.size());
  for (std::size_t n = 1; n <= longest; ++n) {
    if (simdjson::validate_utf8(text.data(), n)) return n;
  }
  return 0;
}

std::string with_replacement_characters(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    const std::size_t n = utf8_sequence_length(text);
    out += n != 0 ? text.substr(0, n) : "\xEF\xBF\xBD";
    text.remove_prefix(n != 0 ? n : 1);
  }
  return out;
}

}  // namespace

bool is_utf8(std::string_view text) { return simdjson::validate_utf8(text.data(), text.size()); }

std::string base64(std::string_view raw) {
  constexpr std::string_view kAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string out;
  out.reserve((raw.size() + 2) / 3 * 4);
  for (std::size_t i = 0; i < raw.size(); i += 3) {
    std::array<std::uint32_t, 3> in{};
    const std::size_t n = std::min<std::size_t>(3, raw.size() - i);
    for (std::size_t k = 0; k < n; ++k) in[k] = static_cast<unsigned char>(raw[i + k]);
    const std::uint32_t word = in[0] << 16 | in[1] << 8 | in[2];
    out += kAlphabet[word >> 18];
    out += kAlphabet[word >> 12 & 63];
    out += n > 1 ? kAlphabet[word >> 6 & 63] : '=';
    out += n > 2 ? kAlphabet[word & 63] : '=';
  }
  return out;
}

void JsonWriter::separate() {
  if (x_need_comma) x_out += ',';
  x_need_comma = true;
}

void JsonWriter::begin_object() {
  separate();
  x_out += '{';
  x_need_comma = false;
}

void JsonWriter::end_object() {
  x_out += '}';
  x_need_comma = true;
}

void JsonWriter::begin_array() {
  separate();
  x_out += '[';
  x_need_comma = false;
}

void JsonWriter::end_array() {
  x_out += ']';
  x_need_comma = true;
}

void JsonWriter::key(std::string_view name) {
  value(name);
  x_out += ':';
  x_need_comma = false;
}

void JsonWriter::value(std::string_view text) {
  separate();
  x_out += '"';
  if (is_utf8(text)) {
    append_escaped(x_out, text);
  } else {
    append_escaped(x_out, with_replacement_characters(text));
  }
  x_out += '"';
}

void JsonWriter::value(bool b) {
  separate();
  x_out += b ? "true" : "false";
}

void JsonWriter::value(double number) {
  if (!std::isfinite(number)) return null();
  separate();
  fmt::format_to(std::back_inserter(x_out), "{}", number);
}

void JsonWriter::null() {
  separate();
  x_out += "null";
}

void JsonWriter::bytes(std::string_view raw_bytes) {
  if (is_utf8(raw_bytes)) return value(raw_bytes);
  begin_object();
  field("base64", std::string_view(base64(raw_bytes)));
  end_object();
}

void JsonWriter::raw(std::string_view json) {
  separate();
  x_out += json;
}

void JsonWriter::write_signed(std::int64_t number) {
  separate();
  fmt::format_to(std::back_inserter(x_out), "{}", number);
}

void JsonWriter::write_unsigned(std::uint64_t number) {
  separate();
  fmt::format_to(std::back_inserter(x_out), "{}", number);
}

}  // namespace tapedeck
