#include "format/byte_sink.hpp"

#include <cerrno>
#include <climits>
#include <vector>

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include "base/directory_of.hpp"
#include "format/existing_file.hpp"
#include "format/format_error.hpp"

namespace tapedeck::format {
namespace {

class FileSink final : public ByteSink {
 public:
  FileSink(int fd, std::string name) : x_fd(fd), x_name(std::move(name)) {}
  ~FileSink() override { ::close(x_fd); }  // what must not be lost was synced before
  FileSink(const FileSink&) = delete;
  FileSink& operator=(const FileSink&) = delete;

  Result<void> append(std::span<const ConstBytes> pieces) override {
    std::vector<iovec> left;
    for (const ConstBytes piece : pieces) {
      if (!piece.empty()) left.push_back({const_cast<std::byte*>(piece.data()), piece.size()});
    }
    for (std::size_t at = 0; at < left.size();) {
      const ssize_t n =
          ::writev(x_fd, left.data() + at, static_cast<int>(std::min<std::size_t>(left.size() - at, IOV_MAX)));
      if (n < 0 && errno == EINTR) continue;
      if (n < 0) return errno_error("cannot write " + x_name);
      consume(left, at, static_cast<std::size_t>(n));
    }
    return {};
  }

  Result<void> sync() override {
    if (::fdatasync(x_fd) == 0 || errno == EINVAL || errno == EROFS) return {};  // a pipe or device has no disk
    return errno_error("cannot sync " + x_name);
  }

  Result<void> cut_back(std::uint64_t size) override {
    if (::ftruncate(x_fd, static_cast<off_t>(size)) != 0) {
      if (errno == EINVAL) return make_error(errc::not_supported, x_name + " cannot be cut back: it is not a file");
      return errno_error("cannot cut back " + x_name);
    }
    if (::lseek(x_fd, static_cast<off_t>(size), SEEK_SET) < 0) return errno_error("cannot seek in " + x_name);
    return {};
  }

 private:
  static void consume(std::vector<iovec>& left, std::size_t& at, std::size_t n) {
    while (at < left.size() && n >= left[at].iov_len) n -= left[at++].iov_len;
    if (at < left.size()) {
      left[at].iov_base = static_cast<char*>(left[at].iov_base) + n;
      left[at].iov_len -= n;
    }
  }

  int x_fd;
  std::string x_name;
};

/// So that the file's name survives a power cut, too.
Result<void> sync_directory_of(const std::filesystem::path& path) {
  const std::filesystem::path directory = directory_of(path);
  const int fd = ::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) return errno_error("cannot open " + directory.string());
  const int synced = ::fsync(fd);
  const bool unable = synced != 0 && (errno == EINVAL || errno == EROFS);
  const Error error = synced != 0 && !unable ? errno_error("cannot sync " + directory.string()) : Error{};
  ::close(fd);
  if (error.code) return error;
  return {};
}

}  // namespace

Result<std::unique_ptr<ByteSink>> create_file_sink(const std::filesystem::path& path, Overwrite overwrite) {
  const std::string name = path.string();
  const int fd = ::open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
  if (fd < 0 && errno == EISDIR) return make_error(name + " is a directory: name a file in it");
  if (fd < 0) return errno_error("cannot create " + name);
  auto sink = std::make_unique<FileSink>(fd, name);
  struct stat facts {};
  if (::fstat(fd, &facts) != 0) return errno_error("cannot look at " + name);
  if (!S_ISREG(facts.st_mode)) return std::unique_ptr<ByteSink>(std::move(sink));
  if (facts.st_size > 0 && overwrite == Overwrite::refuse) {
    return not_empty(path);
  }
  if (facts.st_size > 0 && ::ftruncate(fd, 0) != 0) return errno_error("cannot empty " + name);
  if (auto synced = sync_directory_of(path); !synced) return synced.error();
  return std::unique_ptr<ByteSink>(std::move(sink));
}

}  // namespace tapedeck::format
