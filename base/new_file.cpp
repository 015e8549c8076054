#include "base/new_file.hpp"

#include <cerrno>
#include <cstdio>
#include <utility>

#include <fcntl.h>
#include <unistd.h>

namespace tapedeck {
namespace {

/// Where a link at the path leads, so that the rename replaces the file and not the link.
std::filesystem::path behind_links(const std::filesystem::path& path) {
  std::error_code problem;
  if (!std::filesystem::is_symlink(path, problem)) return path;
  std::filesystem::path real = std::filesystem::weakly_canonical(path, problem);
  return problem ? path : real;
}

}  // namespace

Result<NewFile> NewFile::create(const std::filesystem::path& path, ReadableBy readable_by) {
  std::filesystem::path real = behind_links(path);
  std::string temporary = real.string() + ".tmp" + std::to_string(::getpid());
  const mode_t mode = readable_by == ReadableBy::owner ? 0600 : 0644;
  const int fd = ::open(temporary.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, mode);
  if (fd < 0) return errno_error("cannot create a file beside " + path.string());
  return NewFile(std::move(real), std::move(temporary), fd);
}

NewFile::NewFile(std::filesystem::path path, std::string temporary, int fd)
    : x_path(std::move(path)), x_temporary(std::move(temporary)), x_fd(fd) {}

NewFile::NewFile(NewFile&& other) noexcept
    : x_path(std::move(other.x_path)),
      x_temporary(std::exchange(other.x_temporary, {})),
      x_fd(std::exchange(other.x_fd, -1)) {}

NewFile& NewFile::operator=(NewFile&& other) noexcept {
  std::swap(x_path, other.x_path);
  std::swap(x_temporary, other.x_temporary);
  std::swap(x_fd, other.x_fd);
  return *this;
}

NewFile::~NewFile() { discard(); }

void NewFile::discard() {
  if (x_fd >= 0) ::close(x_fd);
  if (!x_temporary.empty()) ::unlink(x_temporary.c_str());
}

Result<void> NewFile::write(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t n = ::write(x_fd, bytes.data(), bytes.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return errno_error("cannot write " + x_path.string());
    bytes.remove_prefix(static_cast<std::size_t>(n));
  }
  return {};
}

bool NewFile::sync_and_close(Durable durable) {
  if (durable == Durable::yes && ::fsync(x_fd) != 0 && errno != EINVAL && errno != EROFS) return false;
  return ::close(std::exchange(x_fd, -1)) == 0;
}

Result<void> NewFile::place(Durable durable) {
  if (!sync_and_close(durable)) return errno_error("cannot bring " + x_path.string() + " to the disk");
  if (std::rename(x_temporary.c_str(), x_path.c_str()) != 0)
    return errno_error("cannot put the new file at " + x_path.string());
  x_temporary.clear();
  return {};
}

}  // namespace tapedeck
