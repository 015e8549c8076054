#include "format/decompressed_stream.hpp"

#include <algorithm>
#include <cstring>
#include <utility>
#include <vector>

#include <zlib.h>
#include <zstd.h>

namespace tapedeck::format {
namespace {

constexpr std::size_t kWindow = 64 * 1024;
constexpr int kMaxWindowLog = 27;  // 128 MiB: what `zstd -d` takes by default
constexpr std::size_t kLookedBack = 1u << 20;
constexpr std::uint64_t kRereadFree = 16 * kLookedBack;
constexpr std::size_t kMostBroken = 1000;  // places; then the rest is given up
constexpr std::size_t kGzipHeader = 10;
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
  /// Where another member may begin, in bytes that are not known to be compressed data; the size if nowhere.
  virtual std::size_t find_start(std::string_view text) const { return text.size(); }
  /// The next byte begins a member, whatever the last one was.
  virtual void restart() {}
};

/// Ten bytes that no writer fills otherwise: the first three alone stand in 16 MiB of compressed bytes once by chance.
std::size_t find_gzip_header(std::string_view text) {
  constexpr std::string_view kBegin = "\x1f\x8b\x08";
  constexpr unsigned kReservedFlags = 0xe0;
  for (std::size_t at = text.find(kBegin); at < text.size(); at = text.find(kBegin, at + 1)) {
    if (text.size() - at < kGzipHeader) break;
    const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[at + i]); };
    const bool effort = byte(8) == 0 || byte(8) == 2 || byte(8) == 4;
    const bool system = byte(9) <= 13 || byte(9) == 255;
    if ((byte(3) & kReservedFlags) == 0 && effort && system) return at;
  }
  return text.size();
}

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
  std::size_t find_start(std::string_view text) const override { return find_gzip_header(text); }
  void restart() override { x_inside = false; }

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

/// What can be decoded comes out; what cannot is the stream's damage. A decoder notices damage late, often not before
/// it has taken the beginning of the next member for its own: so the last bytes of a member are kept, and the search
/// for the next one begins there.
class DecompressedStream final : public ByteStream {
 public:
  DecompressedStream(std::unique_ptr<ByteStream> raw, std::unique_ptr<Decoder> decoder, BehindDamage behind)
      : x_raw(std::move(raw)),
        x_decoder(std::move(decoder)),
        x_kept(behind == BehindDamage::gone_on_with ? kLookedBack : 0),
        x_buffer(2 * x_kept + kWindow) {}

  std::optional<StreamDamage> damage() const override {
    if (x_broken == 0 && !x_cut_off) return std::nullopt;
    std::string what = "its compressed data are ";
    if (x_broken > 0) what += "broken";
    if (x_broken > 1) what += " in " + std::to_string(x_broken) + " places";
    if (x_cut_off) what += x_broken > 0 ? " and cut off" : "cut off";
    return StreamDamage{std::move(what), x_lost};
  }

  bool go_on() override { return std::exchange(x_paused, false); }

  Result<std::size_t> read(Bytes into) override {
    while (!x_done && !x_paused) {
      if (x_begin == x_end) {
        const auto got = fill();
        if (!got) return got.error();
        continue;
      }
      if (!x_decoder->inside()) x_member = x_begin;
      const ConstBytes coded = ConstBytes(x_buffer).subspan(x_begin, x_end - x_begin);
      const Progress progress = x_decoder->decode(coded, into);
      x_begin += progress.taken;
      if (progress.made > 0) return progress.made;
      if (!progress.ok) {
        if (auto passed = pass_damage(); !passed) return passed.error();
      }
    }
    return std::size_t{0};
  }

 private:
  /// Adds to the buffer; what stands before look_back() may go. False at the end.
  Result<bool> read_more() {
    if (x_buffer.size() - x_end < kWindow) {
      const std::size_t from = look_back();
      std::memmove(x_buffer.data(), x_buffer.data() + from, x_end - from);
      x_begin -= from;
      x_end -= from;
      x_member -= std::min(x_member, from);
    }
    const auto got = x_raw->read(Bytes(x_buffer).subspan(x_end));
    if (!got) return got.error();
    x_end += *got;
    x_read += *got;
    return *got > 0;
  }

  /// The first byte of the member at hand, or of what is still there of it.
  std::size_t look_back() const { return std::max(x_member, x_begin - std::min(x_begin, x_kept)); }

  Result<void> fill() {
    const auto more = read_more();
    if (!more) return more.error();
    if (*more || go_back_to_swallowed()) return {};
    x_cut_off = x_decoder->inside();
    x_done = true;
    return {};
  }

  /// At the end within a member: whether another one begins in what was taken for its data.
  bool go_back_to_swallowed() {
    if (!x_decoder->inside() || !goes_on()) return false;
    const std::size_t own = look_back();
    const std::size_t from = std::min(own + 1, x_end);
    const std::string_view text = as_text(ConstBytes(x_buffer).subspan(from, x_end - from));
    const std::size_t next = x_decoder->find_start(text);
    if (next == text.size()) return false;
    x_begin = own;
    lose(from - own);
    begin_behind_damage(next);
    return true;
  }

  bool goes_on() const { return x_kept > 0 && x_broken < kMostBroken; }

  void begin_behind_damage(std::size_t bytes) {
    ++x_broken;
    lose(bytes);
    x_decoder->restart();
    x_paused = true;
  }

  /// To the header of the next member; to the end if there is none, or none is wanted any more.
  Result<void> pass_damage() {
    const bool searched = goes_on();
    if (x_reread <= kRereadFree + x_read) {  // else a file could be made that is read again and again
      x_reread += x_begin - look_back();
      x_begin = look_back();
    }
    if (x_begin == x_member && x_begin < x_end) lose(1);  // the broken one's own header
    for (;;) {
      const std::string_view text = as_text(ConstBytes(x_buffer).subspan(x_begin, x_end - x_begin));
      const std::size_t next = searched ? x_decoder->find_start(text) : text.size();
      if (next < text.size()) {
        begin_behind_damage(next);
        return {};
      }
      lose(text.size() - std::min(text.size(), kGzipHeader - 1));  // a header may begin in the last bytes
      const auto more = read_more();
      if (!more) return more.error();
      if (*more) continue;
      ++x_broken;
      lose(x_end - x_begin);
      x_done = true;
      return {};
    }
  }

  void lose(std::size_t bytes) {
    x_begin += bytes;
    x_lost += bytes;
    x_member = x_begin;
  }

  std::unique_ptr<ByteStream> x_raw;
  std::unique_ptr<Decoder> x_decoder;
  std::size_t x_kept;  // bytes of a member that can be looked at again
  std::vector<std::byte> x_buffer;
  std::size_t x_begin = 0;
  std::size_t x_end = 0;
  std::size_t x_member = 0;  // where that at hand begins; 0 if that is in front of the buffer
  std::uint64_t x_read = 0;
  std::uint64_t x_reread = 0;
  std::size_t x_broken = 0;  // places
  std::uint64_t x_lost = 0;  // bytes of broken members, as far as they were kept, and between members
  bool x_cut_off = false;
  bool x_paused = false;  // before the first member behind a damaged place
  bool x_done = false;
};

}  // namespace

Result<std::unique_ptr<ByteStream>> decompressed_stream(std::unique_ptr<ByteStream> raw, BehindDamage behind) {
  auto magic = read_up_to(*raw, kZstd.size());
  if (!magic) return magic.error();
  std::unique_ptr<Decoder> decoder;
  if (magic->starts_with(kGzip)) decoder = std::make_unique<GzipDecoder>();
  if (magic->starts_with(kZstd)) decoder = std::make_unique<ZstdDecoder>();
  auto whole = prefixed_stream(std::move(*magic), std::move(raw));
  if (!decoder) return whole;
  return std::unique_ptr<ByteStream>(
      std::make_unique<DecompressedStream>(std::move(whole), std::move(decoder), behind));
}

}  // namespace tapedeck::format
