#include "format/foreign/gzip_members.hpp"

#include <array>
#include <utility>

#include <zlib.h>

namespace tapedeck::format {
namespace {

constexpr std::size_t kMember = 1u << 20;

/// A gzip member in pieces.
class GzipEncoder {
 public:
  enum class End : std::uint8_t { no, yes };

  GzipEncoder() { x_ok = deflateInit2(&x_stream, Z_DEFAULT_COMPRESSION, Z_DEFLATED, 15 + 16, 8, 0) == Z_OK; }
  GzipEncoder(const GzipEncoder&) = delete;
  GzipEncoder& operator=(const GzipEncoder&) = delete;
  ~GzipEncoder() {
    if (x_ok) deflateEnd(&x_stream);
  }
  bool ok() const { return x_ok; }

  Result<void> add(std::string_view bytes, End end, const BodyVisitor& to) {
    // zlib counts input in 32 bits.
    constexpr std::size_t kSlice = 1u << 30;
    do {
      const std::string_view slice = bytes.substr(0, kSlice);
      bytes.remove_prefix(slice.size());
      x_stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(slice.data()));
      x_stream.avail_in = static_cast<uInt>(slice.size());
      if (auto done = drain(end == End::yes && bytes.empty() ? Z_FINISH : Z_NO_FLUSH, to); !done) return done;
    } while (!bytes.empty());
    return {};
  }

 private:
  Result<void> drain(int flush, const BodyVisitor& to) {
    do {
      x_stream.next_out = reinterpret_cast<Bytef*>(x_out.data());
      x_stream.avail_out = static_cast<uInt>(x_out.size());
      deflate(&x_stream, flush);
      const std::size_t n = x_out.size() - x_stream.avail_out;
      if (n == 0) continue;
      if (auto done = to(std::string_view(x_out.data(), n)); !done) return done;
    } while (x_stream.avail_out == 0);
    return {};
  }

  z_stream x_stream{};
  bool x_ok = false;
  std::array<char, 64 * 1024> x_out{};
};

}  // namespace

Result<void> MemberWriter::write_member(std::string_view bytes) {
  return write_member([bytes](const BodyVisitor& write) { return write(bytes); });
}

Result<void> MemberWriter::write_member(const std::function<Result<void>(const BodyVisitor& write)>& produce) {
  std::string held;  // small pieces are written together
  const auto write = [&](std::string_view bytes) {
    held += bytes;
    return held.size() < kMember ? Result<void>() : append(std::exchange(held, {}));
  };
  if (x_compression == Compression::none) {
    if (auto produced = produce(write); !produced) return produced;
  } else {
    GzipEncoder encoder;
    if (!encoder.ok()) return make_error("cannot compress: out of memory");
    const auto encode = [&](std::string_view bytes) { return encoder.add(bytes, GzipEncoder::End::no, write); };
    if (auto produced = produce(encode); !produced) return produced;
    if (auto ended = encoder.add({}, GzipEncoder::End::yes, write); !ended) return ended;
  }
  return held.empty() ? Result<void>() : append(held);
}

Result<void> MemberWriter::append(std::string_view bytes) {
  const std::array pieces{as_bytes(bytes)};
  return x_to->append(pieces);
}

Result<void> MemberWriter::write(std::string_view bytes) {
  x_gathered += bytes;
  return x_gathered.size() < kMember ? Result<void>() : flush();
}

Result<void> MemberWriter::flush() {
  if (x_gathered.empty()) return {};
  return write_member(std::exchange(x_gathered, {}));
}

}  // namespace tapedeck::format
