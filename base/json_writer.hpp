#pragma once
#include <concepts>
#include <cstdint>
#include <string>
#include <string_view>

namespace tapedeck {

/// Appends JSON to a string, comma and quote handling included. The caller keeps the nesting right:
/// `j.begin_object(); j.key("a"); j.value(1); j.end_object();`
/// Strings must be UTF-8; bytes that are not are replaced by U+FFFD (`bytes()` keeps them as {"base64": ...}).
class JsonWriter {
 public:
  void begin_object();
  void end_object();
  void begin_array();
  void end_array();
  void key(std::string_view name);

  void value(std::string_view text);
  void value(const char* text) { value(std::string_view(text)); }
  void value(bool b);
  void value(double number);  // shortest form that reads back equal; NaN and infinities become null
  template <std::integral T>
  requires(!std::same_as<T, bool>) void value(T number) {
    if constexpr (std::signed_integral<T>) {
      write_signed(number);
    } else {
      write_unsigned(number);
    }
  }
  void null();
  /// Text if it is valid UTF-8, else {"base64": "..."}.
  void bytes(std::string_view raw);
  /// Already JSON.
  void raw(std::string_view json);

  template <class T>
  void field(std::string_view name, const T& v) {
    key(name);
    value(v);
  }
  /// `"name": {"reason": number, ...}` of a map.
  template <class Map>
  void counts(std::string_view name, const Map& counts) {
    key(name);
    begin_object();
    for (const auto& [reason, count] : counts) field(reason, count);
    end_object();
  }
  void null_field(std::string_view name) {
    key(name);
    null();
  }

  const std::string& text() const { return x_out; }
  std::string take() { return std::move(x_out); }

 private:
  void separate();
  void write_signed(std::int64_t number);
  void write_unsigned(std::uint64_t number);

  std::string x_out;
  bool x_need_comma = false;
};

bool is_utf8(std::string_view text);
std::string base64(std::string_view raw);

}  // namespace tapedeck
