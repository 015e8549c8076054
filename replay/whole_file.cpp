#include <cerrno>
#include <cstdio>

#include <fcntl.h>
#include <unistd.h>

#include "replay/report.hpp"

namespace tapedeck::replay {
namespace {

/// A file descriptor that is closed at the end, and a name that is removed unless the file was put in place.
class NewFile {
 public:
  explicit NewFile(std::string name) : x_name(std::move(name)) {
    x_fd = ::open(x_name.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
  }
  NewFile(const NewFile&) = delete;
  NewFile& operator=(const NewFile&) = delete;
  ~NewFile() {
    if (x_fd >= 0) ::close(x_fd);
    if (!x_placed) ::unlink(x_name.c_str());
  }

  bool is_open() const { return x_fd >= 0; }
  bool write(std::string_view text) {
    while (!text.empty()) {
      const ssize_t n = ::write(x_fd, text.data(), text.size());
      if (n < 0 && errno == EINTR) continue;
      if (n < 0) return false;
      text.remove_prefix(static_cast<std::size_t>(n));
    }
    return true;
  }
  bool sync_and_close() {
    if (::fsync(x_fd) != 0 && errno != EINVAL && errno != EROFS) return false;
    const int fd = x_fd;
    x_fd = -1;
    return ::close(fd) == 0;
  }
  bool place(const std::string& path) { return x_placed = std::rename(x_name.c_str(), path.c_str()) == 0; }

 private:
  std::string x_name;
  int x_fd = -1;
  bool x_placed = false;
};

}  // namespace

Result<void> write_whole_file(const std::filesystem::path& path, std::string_view text) {
  NewFile file(path.string() + ".tmp" + std::to_string(::getpid()));
  if (!file.is_open()) return errno_error("cannot create a file beside " + path.string());
  if (!file.write(text)) return errno_error("cannot write " + path.string());
  if (!file.sync_and_close()) return errno_error("cannot bring " + path.string() + " to the disk");
  if (!file.place(path.string())) return errno_error("cannot put the new file at " + path.string());
  return {};
}

}  // namespace tapedeck::replay
