#pragma once
#include <string_view>

namespace tapedeck::tools {

/// One line on stderr that is rewritten in place; nothing at all when stderr is no terminal.
class ProgressLine {
 public:
  ProgressLine();
  ~ProgressLine();  // erases it
  void show(std::string_view text);
  bool active() const { return x_active; }

 private:
  bool x_active;
};

}  // namespace tapedeck::tools
