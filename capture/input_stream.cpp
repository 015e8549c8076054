#include "capture/input_stream.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <xxhash.h>
#include <zlib.h>
#include <zstd.h>

namespace tapedeck::capture {
namespace {

constexpr std::size_t kWindow = 256 * 1024;
constexpr std::size_t kFingerprinted = 64 * 1024;

class FileInput final : public InputStream {
 public:
  FileInput(int descriptor, bool owned, std::string name)
      : x_descriptor(descriptor), x_owned(owned), x_name(std::move(name)) {}
  FileInput(const FileInput&) = delete;
  FileInput& operator=(const FileInput&) = delete;
  ~FileInput() override {
    if (x_owned) ::close(x_descriptor);  // read only: nothing can be lost here
  }

  Result<std::size_t> read(Bytes into) override {
    for (;;) {
      const ssize_t got = ::read(x_descriptor, into.data(), into.size());
      if (got >= 0) return static_cast<std::size_t>(got);
      if (errno != EINTR) return errno_error(x_name + ": cannot read");
    }
  }

 private:
  int x_descriptor;
  bool x_owned;
  std::string x_name;
};

class MemoryInput final : public InputStream {
 public:
  explicit MemoryInput(std::string bytes) : x_bytes(std::move(bytes)) {}
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

/// What gzip and zstd have in common: compressed bytes come from a window, trouble ends the stream as damage.
class Decompressor : public InputStream {
 public:
  explicit Decompressor(std::unique_ptr<WindowReader> raw) : x_raw(std::move(raw)) {}

  std::optional<Damage> damage() const override { return x_damage; }

  Result<std::size_t> read(Bytes into) override {
    while (!x_done) {
      const auto coded = x_raw->peek(1);
      if (!coded) return coded.error();
      if (coded->empty()) {
        if (inside()) x_damage = Damage{1, "compressed data end too early"};
        x_done = true;
        break;
      }
      const Progress progress = decode(*coded, into);
      if (!progress.ok) {
        const auto rest = x_raw->discard(UINT64_MAX);
        if (!rest) return rest.error();
        x_damage = Damage{*rest, "compressed data are broken"};
        x_done = true;
        break;
      }
      x_raw->take(progress.taken);
      if (progress.made > 0) return progress.made;
    }
    return std::size_t{0};
  }

 protected:
  struct Progress {
    bool ok = true;
    std::size_t taken = 0;
    std::size_t made = 0;
  };
  virtual Progress decode(ConstBytes coded, Bytes into) = 0;
  /// Within a member or frame: the end of the input here is too early.
  virtual bool inside() const = 0;

 private:
  std::unique_ptr<WindowReader> x_raw;
  std::optional<Damage> x_damage;
  bool x_done = false;
};

class GzipInput final : public Decompressor {
 public:
  explicit GzipInput(std::unique_ptr<WindowReader> raw) : Decompressor(std::move(raw)) {
    x_ok = inflateInit2(&x_stream, 15 + 16) == Z_OK;
  }
  GzipInput(const GzipInput&) = delete;
  GzipInput& operator=(const GzipInput&) = delete;
  ~GzipInput() override { inflateEnd(&x_stream); }

 protected:
  Progress decode(ConstBytes coded, Bytes into) override {
    if (!x_ok) return {.ok = false};
    if (!x_inside) inflateReset(&x_stream);  // members may follow each other
    x_inside = true;
    const std::size_t given = std::min<std::size_t>(coded.size(), 1u << 30);
    const std::size_t room = std::min<std::size_t>(into.size(), 1u << 30);
    x_stream.next_in = const_cast<Bytef*>(reinterpret_cast<const Bytef*>(coded.data()));
    x_stream.avail_in = static_cast<uInt>(given);
    x_stream.next_out = reinterpret_cast<Bytef*>(into.data());
    x_stream.avail_out = static_cast<uInt>(room);
    const int state = inflate(&x_stream, Z_NO_FLUSH);
    if (state == Z_STREAM_END) x_inside = false;
    const Progress progress{.ok = state == Z_OK || state == Z_STREAM_END,
                            .taken = given - x_stream.avail_in,
                            .made = room - x_stream.avail_out};
    return progress;
  }
  bool inside() const override { return x_inside; }

 private:
  z_stream x_stream{};
  bool x_ok = false;
  bool x_inside = false;
};

class ZstdInput final : public Decompressor {
 public:
  explicit ZstdInput(std::unique_ptr<WindowReader> raw)
      : Decompressor(std::move(raw)), x_stream(ZSTD_createDStream(), &ZSTD_freeDStream) {
    if (x_stream) ZSTD_DCtx_setParameter(x_stream.get(), ZSTD_d_windowLogMax, 27);
  }

 protected:
  Progress decode(ConstBytes coded, Bytes into) override {
    if (!x_stream) return {.ok = false};
    ZSTD_inBuffer in{coded.data(), coded.size(), 0};
    ZSTD_outBuffer out{into.data(), into.size(), 0};
    const std::size_t hint = ZSTD_decompressStream(x_stream.get(), &out, &in);
    if (ZSTD_isError(hint)) return {.ok = false};
    x_inside = hint != 0;
    return {.ok = in.pos > 0 || out.pos > 0, .taken = in.pos, .made = out.pos};
  }
  bool inside() const override { return x_inside; }

 private:
  std::unique_ptr<ZSTD_DStream, std::size_t (*)(ZSTD_DStream*)> x_stream;
  bool x_inside = false;
};

bool starts_with(ConstBytes bytes, std::string_view magic) { return as_text(bytes).starts_with(magic); }

/// Hash of a regular file's size and first bytes.
Result<std::uint64_t> fingerprint_of(WindowReader& raw, std::uint64_t size) {
  const auto head = raw.peek(kFingerprinted);
  if (!head) return head.error();
  return XXH3_64bits_withSeed(head->data(), std::min(head->size(), kFingerprinted), size);
}

}  // namespace

WindowReader::WindowReader(std::unique_ptr<InputStream> input) : x_input(std::move(input)) {}

Result<std::size_t> WindowReader::fill(std::size_t count) {
  if (x_begin > 0) {
    std::copy(x_buffer.begin() + static_cast<std::ptrdiff_t>(x_begin),
              x_buffer.begin() + static_cast<std::ptrdiff_t>(x_end), x_buffer.begin());
    x_end -= x_begin;
    x_begin = 0;
  }
  while (x_end < count && !x_at_end) {
    // Grown as bytes arrive, not as a header claims.
    if (x_buffer.size() < std::max(kWindow, std::min(count, 2 * x_end))) {
      x_buffer.resize(std::max(kWindow, std::min(count, 2 * x_end)));
    }
    const auto got = x_input->read(Bytes(x_buffer).subspan(x_end));
    if (!got) return got.error();
    x_at_end = *got == 0;
    x_end += *got;
  }
  return x_end;
}

Result<ConstBytes> WindowReader::peek(std::size_t count) {
  if (x_end - x_begin < count) {
    const auto filled = fill(count);
    if (!filled) return filled.error();
  }
  return ConstBytes(x_buffer).subspan(x_begin, x_end - x_begin);
}

void WindowReader::take(std::size_t count) {
  x_begin += count;
  x_position += count;
}

Result<std::uint64_t> WindowReader::discard(std::uint64_t count) {
  std::uint64_t gone = 0;
  while (gone < count) {
    const auto some = peek(1);
    if (!some) return some.error();
    if (some->empty()) break;
    const std::size_t now = static_cast<std::size_t>(std::min<std::uint64_t>(some->size(), count - gone));
    take(now);
    gone += now;
  }
  return gone;
}

std::unique_ptr<InputStream> memory_input(std::string bytes) { return std::make_unique<MemoryInput>(std::move(bytes)); }

Result<std::unique_ptr<WindowReader>> decompressed(std::unique_ptr<WindowReader> raw) {
  const auto magic = raw->peek(4);
  if (!magic) return magic.error();
  if (starts_with(*magic, "\x1f\x8b")) {
    return std::make_unique<WindowReader>(std::make_unique<GzipInput>(std::move(raw)));
  }
  if (starts_with(*magic, "\x28\xb5\x2f\xfd")) {
    return std::make_unique<WindowReader>(std::make_unique<ZstdInput>(std::move(raw)));
  }
  return raw;
}

Result<OpenedInput> open_input(const std::filesystem::path& path) {
  const bool standard = path == "-";
  OpenedInput opened;
  opened.name = standard ? "standard input" : path.string();
  const int descriptor = standard ? STDIN_FILENO : ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (descriptor < 0) return errno_error(opened.name + ": cannot open this capture file");
  auto file = std::make_unique<FileInput>(descriptor, !standard, opened.name);
  struct stat facts {};
  if (::fstat(descriptor, &facts) != 0) return errno_error(opened.name + ": cannot stat this capture file");
  if (S_ISDIR(facts.st_mode)) return make_error(opened.name + " is a directory: name the capture files in it");

  auto raw = std::make_unique<WindowReader>(std::move(file));
  const auto first = raw->peek(4);
  if (!first) return first.error();
  if (first->empty()) return make_error(opened.name + " is empty: nothing was captured into it");
  if (S_ISREG(facts.st_mode) && !standard) {
    const auto hash = fingerprint_of(*raw, static_cast<std::uint64_t>(facts.st_size));
    if (!hash) return hash.error();
    opened.fingerprint = *hash;
  }
  auto clear = decompressed(std::move(raw));
  if (!clear) return clear.error();
  opened.bytes = std::move(*clear);
  return opened;
}

}  // namespace tapedeck::capture
