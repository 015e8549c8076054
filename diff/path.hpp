#pragma once
#include <cstddef>
#include <string>
#include <string_view>

namespace tapedeck::diff {

/// One key as a segment of a JSON Pointer (RFC 6901): `~0` for ~, `~1` for /.
void append_pointer_segment(std::string& to, std::string_view key);
/// The same for general paths, where `*` is any index and `{}` any key of a dictionary: a key that is literally `*` is
/// `~2`, `{}` `~3`.
void append_path_segment(std::string& to, std::string_view key);

/// Where a walk through two trees stands: the exact pointer and the general path, grown and cut together.
class PathStack {
 public:
  /// Undoes what was pushed after it was taken.
  class Mark {
   public:
    explicit Mark(PathStack& stack) : x_stack(stack), x_path(stack.x_path.size()), x_pointer(stack.x_pointer.size()) {}
    ~Mark() {
      x_stack.x_path.resize(x_path);
      x_stack.x_pointer.resize(x_pointer);
    }
    Mark(const Mark&) = delete;
    Mark& operator=(const Mark&) = delete;

   private:
    PathStack& x_stack;
    std::size_t x_path, x_pointer;
  };

  void push_index(std::size_t index);
  void push_key(std::string_view key);
  void push_dictionary_key(std::string_view key);
  const std::string& path() const { return x_path; }
  const std::string& pointer() const { return x_pointer; }

 private:
  std::string x_path;
  std::string x_pointer;
};

}  // namespace tapedeck::diff
