#pragma once
#include <utility>

#include <unistd.h>

namespace tapedeck::replay {

/// An open descriptor on its way between two threads.
class UniqueFd {
 public:
  UniqueFd() = default;
  explicit UniqueFd(int fd) : x_fd(fd) {}
  UniqueFd(UniqueFd&& other) noexcept : x_fd(std::exchange(other.x_fd, -1)) {}
  UniqueFd& operator=(UniqueFd&& other) noexcept {
    std::swap(x_fd, other.x_fd);
    return *this;
  }
  ~UniqueFd() {
    if (x_fd >= 0) ::close(x_fd);  // nothing was written: an error of close has nothing to tell
  }
  bool valid() const { return x_fd >= 0; }
  int release() { return std::exchange(x_fd, -1); }

 private:
  int x_fd = -1;
};

}  // namespace tapedeck::replay
