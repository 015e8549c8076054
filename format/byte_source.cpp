#include "format/byte_source.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <vector>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "format/byte_stream.hpp"
#include "format/spill_file.hpp"

namespace tapedeck::format {
namespace {

class FileSource final : public ByteSource {
 public:
  FileSource(int fd, std::string name, std::uint64_t size) : x_fd(fd), x_name(std::move(name)), x_size(size) {}
  ~FileSource() override { ::close(x_fd); }
  FileSource(const FileSource&) = delete;
  FileSource& operator=(const FileSource&) = delete;

  // As it was when opened: a tape that is still written is read up to there.
  Result<std::uint64_t> size() const override { return x_size; }

  Result<std::size_t> read_at(std::uint64_t offset, Bytes into) const override {
    std::size_t done = 0;
    while (done < into.size()) {
      const ssize_t n = ::pread(x_fd, into.data() + done, into.size() - done, static_cast<off_t>(offset + done));
      if (n < 0 && errno == EINTR) continue;
      if (n < 0) return errno_error("cannot read " + x_name);
      if (n == 0) break;
      done += static_cast<std::size_t>(n);
    }
    return done;
  }

 private:
  int x_fd;
  std::string x_name;
  std::uint64_t x_size;
};

class MemorySource final : public ByteSource {
 public:
  explicit MemorySource(std::string bytes) : x_bytes(std::move(bytes)) {}
  Result<std::uint64_t> size() const override { return std::uint64_t{x_bytes.size()}; }
  Result<std::size_t> read_at(std::uint64_t offset, Bytes into) const override {
    if (offset >= x_bytes.size()) return std::size_t{0};
    const std::size_t n = std::min<std::size_t>(into.size(), x_bytes.size() - static_cast<std::size_t>(offset));
    std::copy_n(as_bytes(x_bytes).begin() + static_cast<std::ptrdiff_t>(offset), n, into.begin());
    return n;
  }

 private:
  std::string x_bytes;
};

/// Several sources end to end.
class JoinedSource final : public ByteSource {
 public:
  struct Part {
    std::unique_ptr<ByteSource> source;
    std::uint64_t begin = 0;
  };
  JoinedSource(std::vector<Part> parts, std::uint64_t size) : x_parts(std::move(parts)), x_size(size) {}

  Result<std::uint64_t> size() const override { return x_size; }

  Result<std::size_t> read_at(std::uint64_t offset, Bytes into) const override {
    std::size_t done = 0;
    while (done < into.size() && offset + done < x_size) {
      const std::uint64_t at = offset + done;
      const auto next =
          std::upper_bound(x_parts.begin(), x_parts.end(), at,
                           [](std::uint64_t position, const Part& part) { return position < part.begin; });
      const Part& part = *(next - 1);
      const std::uint64_t end = next == x_parts.end() ? x_size : next->begin;
      const auto wanted = static_cast<std::size_t>(std::min<std::uint64_t>(into.size() - done, end - at));
      const auto n = part.source->read_at(at - part.begin, into.subspan(done, wanted));
      if (!n) return n;
      if (*n == 0) break;
      done += *n;
    }
    return done;
  }

 private:
  std::vector<Part> x_parts;
  std::uint64_t x_size;
};

/// What can be read only once, in a temporary file.
Result<std::unique_ptr<ByteSource>> spool(const std::filesystem::path& path) {
  const auto from = open_stream(path);
  if (!from) return from.error();
  const char* directory = std::getenv("TMPDIR");
  auto file = create_spill_file(directory != nullptr && *directory != '\0' ? directory : "/tmp");
  if (!file) return file.error();
  std::vector<std::byte> buffer(256 * 1024);
  for (;;) {
    const auto got = (*from)->read(buffer);
    if (!got) return got.error();
    if (*got == 0) return std::move(file->source);
    const ConstBytes piece = ConstBytes(buffer).first(*got);
    if (auto kept = file->sink->append({&piece, 1}); !kept)
      return make_error(kept.error().code, kept.error().message + "; TMPDIR names another place for it");
  }
}

Result<std::unique_ptr<ByteSource>> open_directory(const std::filesystem::path& path) {
  std::vector<std::filesystem::path> names;
  std::error_code failed;
  for (std::filesystem::directory_iterator it(path, failed), end; !failed && it != end; it.increment(failed)) {
    if (it->path().extension() == ".tape") names.push_back(it->path());
  }
  if (failed) return make_error("cannot list " + path.string() + ": " + failed.message());
  if (names.empty())
    return make_error("no *.tape file in " + path.string() + ": give a tape, or the directory that holds tapes");
  std::sort(names.begin(), names.end());
  std::vector<std::unique_ptr<ByteSource>> sources;
  for (const std::filesystem::path& name : names) {
    auto source = open_source(name);
    if (!source) return source.error();
    sources.push_back(std::move(*source));
  }
  return join_sources(std::move(sources));
}

}  // namespace

Result<std::unique_ptr<ByteSource>> open_source(const std::filesystem::path& path) {
  std::error_code unknown;
  const auto status = std::filesystem::status(path, unknown);
  if (path != "-" && std::filesystem::is_directory(status)) return open_directory(path);
  if (path == "-" || (std::filesystem::exists(status) && !std::filesystem::is_regular_file(status))) return spool(path);
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return errno_error("cannot open " + path.string());
  struct stat facts {};
  if (::fstat(fd, &facts) != 0) {
    const Error error = errno_error("cannot look at " + path.string());
    ::close(fd);
    return error;
  }
  return std::unique_ptr<ByteSource>(
      std::make_unique<FileSource>(fd, path.string(), static_cast<std::uint64_t>(facts.st_size)));
}

Result<std::unique_ptr<ByteSource>> join_sources(std::vector<std::unique_ptr<ByteSource>> sources) {
  std::vector<JoinedSource::Part> parts;
  std::uint64_t total = 0;
  for (std::unique_ptr<ByteSource>& source : sources) {
    const auto size = source->size();
    if (!size) return size.error();
    if (*size == 0) continue;
    parts.push_back({std::move(source), total});
    total += *size;
  }
  return std::unique_ptr<ByteSource>(std::make_unique<JoinedSource>(std::move(parts), total));
}

std::unique_ptr<ByteSource> memory_source(std::string bytes) {
  return std::make_unique<MemorySource>(std::move(bytes));
}

}  // namespace tapedeck::format
