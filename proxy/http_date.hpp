#pragma once
#include <string>
#include <string_view>

#include "base/time.hpp"

namespace tapedeck::proxy {

/// The value of a Date field, formatted once a second.
class HttpDate {
 public:
  /// Valid until the next call.
  std::string_view at(Time now);

 private:
  std::chrono::sys_seconds x_second{};
  std::string x_text;
};

}  // namespace tapedeck::proxy
