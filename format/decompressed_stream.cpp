#include "format/decompressed_stream.hpp"

#include <algorithm>
#include <vector>

#include <zlib.h>
#include <zstd.h>

namespace tapedeck::format {
namespace {

constexpr std::size_t kWindow = 64 * 1024;
constexpr int kMaxWindowLog = 27;  // 128 MiB: what `zstd -d` takes by default
constexpr std::string_view kGzip = "\x1f\x8b";
constexpr std::string_view kZstd = "\x28\xb5\x2f\xfd";

struct Progress {
  bool ok = true;
  std::size_t taken = 0;
  std::size_t made = 0;
};

/// A coding as a state machine over bytes.
struct Decoder {
  virtual ~Decoder() = default;
  virtual Progress decode(ConstBytes coded, Bytes into) = 0;
  /// Within a member or frame: an end of the input here is too early.
  virtual bool inside() const = 0;
};

class GzipDecoder final : public Decoder {
 public:
  GzipDecoder() { x_ok = inflateInit2(&x_stream, 15 + 16) == Z_OK; }
  GzipDecoder(const GzipDecoder&) = delete;
  GzipDecoder& operator=(const GzipDecoder&) = delete;
  ~GzipDecoder() override { inflateEnd(&x_stream); }

  Progress decode(ConstBytes coded, Bytes into) override {
    if (!x_ok) return {.ok = false};
    if (!x_inside) {
      // Between members zeros are padding, as gzip itself takes them (tapes, block devices).
      const auto padding = static_cast<std::size_t>(
          std::find_if(coded.begin(), coded.end(), [](std::byte b) { return b != std::byte{0}; }) - coded.begin());
      if (x_any_member && padding > 0) return {.taken = padding};
      inflateReset(&x_stream);
      x_inside = x_any_member = true;
    }
    x_stream.next_in = const_cast<Bytef*>(reinterpret_cast<const Bytef*>(coded.data()));
    x_stream.avail_in = static_cast<uInt>(coded.size());
    const std::size_t room = std::min<std::size_t>(into.size(), 1u << 30);
    x_stream.next_out = reinterpret_cast<Bytef*>(into.data());
    x_stream.avail_out = static_cast<uInt>(room);
    const int state = inflate(&x_stream, Z_NO_FLUSH);
    if (state == Z_STREAM_END) x_inside = false;
    return {.ok = state == Z_OK || state == Z_STREAM_END,
            .taken = coded.size() - x_stream.avail_in,
            .made = room - x_stream.avail_out};
  }
  bool inside() const override { return x_inside; }

 private:
  z_stream x_stream{};
  bool x_ok = false;
  bool x_inside = false;
  bool x_any_member = false;
};

class ZstdDecoder final : public Decoder {
 public:
  ZstdDecoder() : x_stream(ZSTD_createDStream(), &ZSTD_freeDStream) {
    if (x_stream) ZSTD_DCtx_setParameter(x_stream.get(), ZSTD_d_windowLogMax, kMaxWindowLog);
  }
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

/// What can be decoded comes out; what cannot is the stream's damage.
class DecompressedStream final : public ByteStream {
 public:
  DecompressedStream(std::unique_ptr<ByteStream> raw, std::unique_ptr<Decoder> decoder)
      : x_raw(std::move(raw)), x_decoder(std::move(decoder)), x_buffer(kWindow) {}

  std::optional<StreamDamage> damage() const override { return x_damage; }

  Result<std::size_t> read(Bytes into) override {
    while (!x_done) {
      if (x_begin == x_end) {
        const auto got = fill();
        if (!got) return got.error();
        if (x_done) break;
      }
      const ConstBytes coded = ConstBytes(x_buffer).subspan(x_begin, x_end - x_begin);
      const Progress progress = x_decoder->decode(coded, into);
      x_begin += progress.taken;
      if (progress.made > 0) return progress.made;
      if (!progress.ok) {
        if (auto ended = end_broken(); !ended) return ended.error();
      }
    }
    return std::size_t{0};
  }

 private:
  Result<void> fill() {
    const auto got = x_raw->read(x_buffer);
    if (!got) return got.error();
    x_begin = 0;
    x_end = *got;
    if (*got > 0) return {};
    if (x_decoder->inside()) x_damage = StreamDamage{"its compressed data are cut off", 0};
    x_done = true;
    return {};
  }

  Result<void> end_broken() {
    StreamDamage damage{"its compressed data are broken", x_end - x_begin};
    for (;;) {
      const auto got = x_raw->read(x_buffer);
      if (!got) return got.error();
      if (*got == 0) break;
      damage.bytes += *got;
    }
    x_damage = std::move(damage);
    x_done = true;
    return {};
  }

  std::unique_ptr<ByteStream> x_raw;
  std::unique_ptr<Decoder> x_decoder;
  std::vector<std::byte> x_buffer;
  std::size_t x_begin = 0;
  std::size_t x_end = 0;
  std::optional<StreamDamage> x_damage;
  bool x_done = false;
};

}  // namespace

Result<std::unique_ptr<ByteStream>> decompressed_stream(std::unique_ptr<ByteStream> raw) {
  auto magic = read_up_to(*raw, kZstd.size());
  if (!magic) return magic.error();
  std::unique_ptr<Decoder> decoder;
  if (magic->starts_with(kGzip)) decoder = std::make_unique<GzipDecoder>();
  if (magic->starts_with(kZstd)) decoder = std::make_unique<ZstdDecoder>();
  auto whole = prefixed_stream(std::move(*magic), std::move(raw));
  if (!decoder) return whole;
  return std::unique_ptr<ByteStream>(std::make_unique<DecompressedStream>(std::move(whole), std::move(decoder)));
}

}  // namespace tapedeck::format
