#include "format/byte_stream.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace tapedeck::format {
namespace {

class FileStream final : public ByteStream {
 public:
  FileStream(int descriptor, bool owned, std::string name)
      : x_descriptor(descriptor), x_owned(owned), x_name(std::move(name)) {}
  FileStream(const FileStream&) = delete;
  FileStream& operator=(const FileStream&) = delete;
  ~FileStream() override {
    if (x_owned) ::close(x_descriptor);  // read only: nothing can be lost here
  }

  Result<std::size_t> read(Bytes into) override {
    for (;;) {
      const ssize_t got = ::read(x_descriptor, into.data(), into.size());
      if (got >= 0) return static_cast<std::size_t>(got);
      if (errno != EINTR) return errno_error("cannot read " + x_name);
    }
  }

 private:
  int x_descriptor;
  bool x_owned;
  std::string x_name;
};

class MemoryStream final : public ByteStream {
 public:
  explicit MemoryStream(std::string bytes) : x_bytes(std::move(bytes)) {}
  Result<std::size_t> read(Bytes into) override {
    const std::size_t count = std::min(into.size(), x_bytes.size() - x_at);
    std::memcpy(into.data(), x_bytes.data() + x_at, count);
    x_at += count;
    return count;
  }

 private:
  std::string x_bytes;
  std::size_t x_at = 0;
};

class PrefixedStream final : public ByteStream {
 public:
  PrefixedStream(std::string first, std::unique_ptr<ByteStream> rest)
      : x_first(std::move(first)), x_rest(std::move(rest)) {}
  Result<std::size_t> read(Bytes into) override {
    const auto count = x_first.read(into);
    if (!count || *count > 0) return count;
    return x_rest->read(into);
  }
  std::optional<StreamDamage> damage() const override { return x_rest->damage(); }
  bool go_on() override { return x_rest->go_on(); }

 private:
  MemoryStream x_first;
  std::unique_ptr<ByteStream> x_rest;
};

class BorrowedStream final : public ByteStream {
 public:
  explicit BorrowedStream(ByteStream& stream) : x_stream(&stream) {}
  Result<std::size_t> read(Bytes into) override { return x_stream->read(into); }
  std::optional<StreamDamage> damage() const override { return x_stream->damage(); }
  bool go_on() override { return x_stream->go_on(); }

 private:
  ByteStream* x_stream;
};

}  // namespace

Result<std::unique_ptr<ByteStream>> open_stream(const std::filesystem::path& path) {
  if (path == "-") {
    return std::unique_ptr<ByteStream>(std::make_unique<FileStream>(STDIN_FILENO, false, "standard input"));
  }
  const std::string name = path.string();
  const int descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (descriptor < 0) return errno_error("cannot open " + name);
  auto stream = std::make_unique<FileStream>(descriptor, true, name);
  struct stat facts {};
  if (::fstat(descriptor, &facts) != 0) return errno_error("cannot look at " + name);
  if (S_ISDIR(facts.st_mode)) return make_error(name + " is a directory: name the files in it");
  return std::unique_ptr<ByteStream>(std::move(stream));
}

std::unique_ptr<ByteStream> memory_stream(std::string bytes) {
  return std::make_unique<MemoryStream>(std::move(bytes));
}

std::unique_ptr<ByteStream> prefixed_stream(std::string first, std::unique_ptr<ByteStream> rest) {
  return std::make_unique<PrefixedStream>(std::move(first), std::move(rest));
}

std::unique_ptr<ByteStream> borrowed_stream(ByteStream& stream) { return std::make_unique<BorrowedStream>(stream); }

Result<std::string> read_up_to(ByteStream& stream, std::size_t count) {
  std::string bytes(count, '\0');
  std::size_t have = 0;
  while (have < count) {
    const auto got = stream.read(Bytes(reinterpret_cast<std::byte*>(bytes.data()) + have, count - have));
    if (!got) return got.error();
    if (*got == 0) break;
    have += *got;
  }
  bytes.resize(have);
  return bytes;
}

}  // namespace tapedeck::format
