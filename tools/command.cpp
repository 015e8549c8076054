#include "tools/command.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>

#include <fmt/format.h>

#include "base/log.hpp"

namespace tapedeck::tools {

ExitStatus worse(ExitStatus a, ExitStatus b) {
  constexpr std::array kWorstFirst{ExitStatus::trouble, ExitStatus::objections, ExitStatus::undecided, ExitStatus::loss,
                                   ExitStatus::ok};
  return *std::find_if(kWorstFirst.begin(), kWorstFirst.end(), [&](ExitStatus s) { return s == a || s == b; });
}

ExitStatus trouble(const Error& error) {
  inform(error.message);
  return ExitStatus::trouble;
}

bool print(std::string_view text) {
  if (std::fwrite(text.data(), 1, text.size(), stdout) == text.size() && std::fflush(stdout) == 0) return true;
  if (errno != EPIPE) inform(fmt::format("standard output: {}", std::strerror(errno)));
  return false;
}

}  // namespace tapedeck::tools
