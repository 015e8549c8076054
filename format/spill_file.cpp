#include "format/spill_file.hpp"

#include <cerrno>
#include <cstdlib>
#include <string>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace tapedeck::format {
namespace {

class OwnedDescriptor {
 public:
  OwnedDescriptor(int descriptor, std::string name) : x_descriptor(descriptor), x_name(std::move(name)) {}
  OwnedDescriptor(const OwnedDescriptor&) = delete;
  OwnedDescriptor& operator=(const OwnedDescriptor&) = delete;
  ~OwnedDescriptor() { ::close(x_descriptor); }  // the file has no name: nothing of it is to last
  int get() const { return x_descriptor; }
  Error error(const std::string& what) const { return errno_error(what + " a temporary file in " + x_name); }

 private:
  int x_descriptor;
  std::string x_name;  // of the directory
};

using SharedDescriptor = std::shared_ptr<const OwnedDescriptor>;  // owners: the sink and the source of a file

class SpillSink final : public ByteSink {
 public:
  explicit SpillSink(SharedDescriptor file) : x_file(std::move(file)) {}
  Result<void> append(std::span<const ConstBytes> pieces) override {
    for (ConstBytes left : pieces) {
      while (!left.empty()) {
        const ssize_t n = ::write(x_file->get(), left.data(), left.size());
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) return x_file->error("cannot write");
        left = left.subspan(static_cast<std::size_t>(n));
      }
    }
    return {};
  }
  Result<void> sync() override { return {}; }  // nothing of it is to outlive the process
  Result<void> cut_back(std::uint64_t size) override {
    if (::ftruncate(x_file->get(), static_cast<off_t>(size)) != 0 ||
        ::lseek(x_file->get(), static_cast<off_t>(size), SEEK_SET) < 0) {
      return x_file->error("cannot cut back");
    }
    return {};
  }

 private:
  SharedDescriptor x_file;
};

class SpillSource final : public ByteSource {
 public:
  explicit SpillSource(SharedDescriptor file) : x_file(std::move(file)) {}
  Result<std::uint64_t> size() const override {
    struct stat facts {};
    if (::fstat(x_file->get(), &facts) != 0) return x_file->error("cannot look at");
    return static_cast<std::uint64_t>(facts.st_size);
  }
  Result<std::size_t> read_at(std::uint64_t offset, Bytes into) const override {
    std::size_t done = 0;
    while (done < into.size()) {
      const ssize_t n =
          ::pread(x_file->get(), into.data() + done, into.size() - done, static_cast<off_t>(offset + done));
      if (n < 0 && errno == EINTR) continue;
      if (n < 0) return x_file->error("cannot read");
      if (n == 0) break;
      done += static_cast<std::size_t>(n);
    }
    return done;
  }

 private:
  SharedDescriptor x_file;
};

}  // namespace

Result<SpillFile> create_spill_file(const std::filesystem::path& directory) {
  std::string path = (directory.empty() ? std::filesystem::path(".") : directory) / ".tapedeck-XXXXXX";
  const int descriptor = ::mkostemp(path.data(), O_CLOEXEC);
  if (descriptor < 0) return errno_error("cannot create a temporary file in " + directory.string());
  auto file = std::make_shared<const OwnedDescriptor>(descriptor, directory.string());
  if (::unlink(path.c_str()) != 0) return file->error("cannot unlink");
  return SpillFile{std::make_unique<SpillSink>(file), std::make_unique<SpillSource>(file)};
}

}  // namespace tapedeck::format
