#include "tools/progress_line.hpp"

#include <cstdio>

#include <unistd.h>

namespace tapedeck::tools {

ProgressLine::ProgressLine() : x_active(isatty(STDERR_FILENO) == 1) {}

ProgressLine::~ProgressLine() { show(""); }

void ProgressLine::show(std::string_view text) {
  if (!x_active) return;
  std::fprintf(stderr, "\r\033[K%.*s", static_cast<int>(text.size()), text.data());
  std::fflush(stderr);
}

}  // namespace tapedeck::tools
