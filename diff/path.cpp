#include "diff/path.hpp"

namespace tapedeck::diff {

void append_pointer_segment(std::string& to, std::string_view key) {
  to += '/';
  for (const char c : key) {
    if (c == '~')
      to += "~0";
    else if (c == '/')
      to += "~1";
    else
      to += c;
  }
}

void append_path_segment(std::string& to, std::string_view key) {
  if (key == "*")
    to += "/~2";
  else if (key == "{}")
    to += "/~3";
  else
    append_pointer_segment(to, key);
}

void PathStack::push_index(std::size_t index) {
  x_path += "/*";
  x_pointer += '/';
  x_pointer += std::to_string(index);
}

void PathStack::push_key(std::string_view key) {
  append_path_segment(x_path, key);
  append_pointer_segment(x_pointer, key);
}

void PathStack::push_dictionary_key(std::string_view key) {
  x_path += "/{}";
  append_pointer_segment(x_pointer, key);
}

}  // namespace tapedeck::diff
