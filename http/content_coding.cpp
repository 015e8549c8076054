#include "http/content_coding.hpp"

#include <algorithm>
#include <array>
#include <limits>
#include <memory>
#include <vector>

#include <brotli/decode.h>
#include <brotli/encode.h>
#include <fmt/format.h>
#include <zlib.h>
#include <zstd.h>

namespace tapedeck::http {
namespace {

constexpr std::uint64_t kRatioFree = 1u << 20;
// RFC 9659 allows content codings a window of 8 MiB.
constexpr int kZstdWindowLog = 23;
constexpr int kGzipLevel = 6;
constexpr int kBrotliQuality = 5;
constexpr int kZstdLevel = 3;
enum ZlibFormat : int { kZlib = 15, kGzip = 15 + 16, kRaw = -15 };

/// What a decoder wrote so far, with an end to it.
class Output {
 public:
  explicit Output(std::uint64_t limit) : x_limit(limit) {}
  /// False if it is too much; then what fits is kept.
  bool add(const void* data, std::size_t size) {
    const std::uint64_t room = x_limit - x_bytes.size();
    x_bytes.append(static_cast<const char*>(data), static_cast<std::size_t>(std::min<std::uint64_t>(room, size)));
    return size <= room;
  }
  Decoded done(DecodeFailure failure) { return {std::move(x_bytes), failure}; }

 private:
  std::uint64_t x_limit;
  std::string x_bytes;
};

using Piece = std::array<char, 64 * 1024>;

struct Inflater {
  explicit Inflater(ZlibFormat format) { ok = inflateInit2(&stream, format) == Z_OK; }
  ~Inflater() {
    if (ok) inflateEnd(&stream);
  }
  Inflater(const Inflater&) = delete;
  Inflater& operator=(const Inflater&) = delete;
  z_stream stream{};
  bool ok = false;
};

/// zlib counts input in 32 bits: hands it over in slices.
void feed(z_stream& stream, ConstBytes& rest) {
  if (stream.avail_in != 0 || rest.empty()) return;
  const std::size_t slice = std::min<std::size_t>(rest.size(), 1u << 30);
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<std::byte*>(rest.data()));
  stream.avail_in = static_cast<uInt>(slice);
  rest = rest.subspan(slice);
}

/// Behind a gzip member: false if nothing but padding follows.
bool another_member(const z_stream& stream, ConstBytes rest) {
  const auto set = [](auto byte) { return static_cast<unsigned char>(byte) != 0; };
  return std::any_of(stream.next_in, stream.next_in + stream.avail_in, set) || std::ranges::any_of(rest, set);
}

Decoded inflate_all(ZlibFormat format, ConstBytes coded, std::uint64_t limit) {
  Output output(limit);
  Inflater inflater(format);
  if (!inflater.ok) return output.done(DecodeFailure::corrupt);
  z_stream& stream = inflater.stream;
  const auto piece = std::make_unique<Piece>();
  while (true) {
    feed(stream, coded);
    stream.next_out = reinterpret_cast<Bytef*>(piece->data());
    stream.avail_out = static_cast<uInt>(piece->size());
    const int state = inflate(&stream, Z_NO_FLUSH);
    const std::size_t made = piece->size() - stream.avail_out;
    if (!output.add(piece->data(), made)) return output.done(DecodeFailure::too_large);
    if (state == Z_STREAM_END) {
      if (format != kGzip || !another_member(stream, coded)) return output.done(DecodeFailure::none);
      if (inflateReset(&stream) != Z_OK) return output.done(DecodeFailure::corrupt);
    } else if (state != Z_OK || (made == 0 && stream.avail_in == 0 && coded.empty())) {
      return output.done(DecodeFailure::corrupt);  // Z_BUF_ERROR: the input ends too early
    }
  }
}

/// `deflate` means zlib, but some servers send raw deflate.
Decoded decode_deflate(ConstBytes coded, std::uint64_t limit) {
  const auto byte = [coded](std::size_t i) { return std::to_integer<unsigned>(coded[i]); };
  const bool zlib = coded.size() >= 2 && (byte(0) & 15) == 8 && (byte(0) << 8 | byte(1)) % 31 == 0;
  if (!zlib) return inflate_all(kRaw, coded, limit);
  Decoded as_zlib = inflate_all(kZlib, coded, limit);
  if (as_zlib.failure != DecodeFailure::corrupt) return as_zlib;
  Decoded as_raw = inflate_all(kRaw, coded, limit);
  return as_raw.failure == DecodeFailure::none ? std::move(as_raw) : std::move(as_zlib);
}

Decoded decode_gzip(ConstBytes coded, std::uint64_t limit) { return inflate_all(kGzip, coded, limit); }

Decoded decode_brotli(ConstBytes coded, std::uint64_t limit) {
  Output output(limit);
  const std::unique_ptr<BrotliDecoderState, decltype(&BrotliDecoderDestroyInstance)> state(
      BrotliDecoderCreateInstance(nullptr, nullptr, nullptr), &BrotliDecoderDestroyInstance);
  std::size_t available = coded.size();
  auto next = reinterpret_cast<const std::uint8_t*>(coded.data());
  while (state) {
    std::size_t no_room = 0;
    const auto result = BrotliDecoderDecompressStream(state.get(), &available, &next, &no_room, nullptr, nullptr);
    while (BrotliDecoderHasMoreOutput(state.get())) {
      std::size_t size = 0;
      const std::uint8_t* made = BrotliDecoderTakeOutput(state.get(), &size);
      if (!output.add(made, size)) return output.done(DecodeFailure::too_large);
    }
    if (result == BROTLI_DECODER_RESULT_NEEDS_MORE_OUTPUT) continue;
    const bool whole = result == BROTLI_DECODER_RESULT_SUCCESS && available == 0;
    return output.done(whole ? DecodeFailure::none : DecodeFailure::corrupt);
  }
  return output.done(DecodeFailure::corrupt);
}

Decoded decode_zstd(ConstBytes coded, std::uint64_t limit) {
  Output output(limit);
  const std::unique_ptr<ZSTD_DCtx, decltype(&ZSTD_freeDCtx)> context(ZSTD_createDCtx(), &ZSTD_freeDCtx);
  if (!context || ZSTD_isError(ZSTD_DCtx_setParameter(context.get(), ZSTD_d_windowLogMax, kZstdWindowLog)) != 0) {
    return output.done(DecodeFailure::corrupt);
  }
  const auto piece = std::make_unique<Piece>();
  ZSTD_inBuffer in{coded.data(), coded.size(), 0};
  while (true) {
    const std::size_t before = in.pos;
    ZSTD_outBuffer out{piece->data(), piece->size(), 0};
    const std::size_t state = ZSTD_decompressStream(context.get(), &out, &in);
    if (!output.add(piece->data(), out.pos)) return output.done(DecodeFailure::too_large);
    if (ZSTD_isError(state) != 0) return output.done(DecodeFailure::corrupt);
    if (in.pos < in.size) continue;
    if (state == 0) return output.done(DecodeFailure::none);
    if (in.pos == before && out.pos == 0) return output.done(DecodeFailure::corrupt);  // it ends too early
  }
}

using Decoder = Decoded (*)(ConstBytes, std::uint64_t);

Decoder decoder_named(std::string_view coding) {
  if (coding == "gzip" || coding == "x-gzip") return decode_gzip;
  if (coding == "deflate") return decode_deflate;
  if (coding == "br") return decode_brotli;
  if (coding == "zstd") return decode_zstd;
  return nullptr;
}

/// In lower case, in the order applied, without identity.
std::vector<std::string> codings_in(std::string_view value) {
  std::vector<std::string> codings;
  while (!value.empty()) {
    const auto comma = value.find(',');
    std::string coding(value.substr(0, comma));
    value.remove_prefix(comma == value.npos ? value.size() : comma + 1);
    std::erase_if(coding, [](char c) { return c == ' ' || c == '\t'; });
    for (char& c : coding) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c;
    if (!coding.empty() && coding != "identity") codings.push_back(std::move(coding));
  }
  return codings;
}

std::uint64_t limit_for(std::size_t coded, const DecodeLimits& limits) {
  const bool overflows = limits.ratio != 0 && coded > std::numeric_limits<std::uint64_t>::max() / limits.ratio;
  const std::uint64_t by_ratio = overflows ? limits.bytes : coded * limits.ratio;
  return std::min(limits.bytes, std::max(kRatioFree, by_ratio));
}

Result<std::string> encode_zlib(ZlibFormat format, ConstBytes plain) {
  z_stream stream{};
  if (deflateInit2(&stream, kGzipLevel, Z_DEFLATED, format, 8, Z_DEFAULT_STRATEGY) != Z_OK) {
    return make_error("zlib has no memory for a compressor");
  }
  const auto piece = std::make_unique<Piece>();
  std::string out;
  int state = Z_OK;
  while (state != Z_STREAM_END) {
    feed(stream, plain);
    stream.next_out = reinterpret_cast<Bytef*>(piece->data());
    stream.avail_out = static_cast<uInt>(piece->size());
    state = deflate(&stream, plain.empty() ? Z_FINISH : Z_NO_FLUSH);
    out.append(piece->data(), piece->size() - stream.avail_out);
  }
  deflateEnd(&stream);
  return out;
}

Result<std::string> encode_brotli(ConstBytes plain) {
  std::size_t size = BrotliEncoderMaxCompressedSize(plain.size());
  std::string out(size, '\0');
  if (BrotliEncoderCompress(kBrotliQuality, BROTLI_DEFAULT_WINDOW, BROTLI_MODE_GENERIC, plain.size(),
                            reinterpret_cast<const std::uint8_t*>(plain.data()), &size,
                            reinterpret_cast<std::uint8_t*>(out.data())) == BROTLI_FALSE) {
    return make_error(fmt::format("brotli cannot compress {} bytes", plain.size()));
  }
  out.resize(size);
  return out;
}

Result<std::string> encode_zstd(ConstBytes plain) {
  std::string out(ZSTD_compressBound(plain.size()), '\0');
  const std::size_t size = ZSTD_compress(out.data(), out.size(), plain.data(), plain.size(), kZstdLevel);
  if (ZSTD_isError(size) != 0) {
    return make_error(fmt::format("zstd cannot compress {} bytes: {}", plain.size(), ZSTD_getErrorName(size)));
  }
  out.resize(size);
  return out;
}

}  // namespace

Decoded decode_content(std::string_view content_encoding, ConstBytes coded, const DecodeLimits& limits) {
  const std::vector<std::string> codings = codings_in(content_encoding);
  for (const std::string& coding : codings) {
    if (decoder_named(coding) == nullptr) return {{}, DecodeFailure::unknown_coding};
  }
  if (codings.size() > static_cast<std::size_t>(limits.layers)) return {{}, DecodeFailure::too_large};
  const std::uint64_t limit = limit_for(coded.size(), limits);
  Decoded result{std::string(as_text(coded)), DecodeFailure::none};
  if (coded.empty()) return result;  // a body of nothing is sent under any coding
  for (auto coding = codings.rbegin(); coding != codings.rend(); ++coding) {
    Decoded layer = decoder_named(*coding)(as_bytes(result.bytes), limit);
    result.bytes = std::move(layer.bytes);
    if (result.failure == DecodeFailure::none) result.failure = layer.failure;
  }
  return result;
}

Result<std::string> encode_content(std::string_view coding, ConstBytes plain) {
  if (coding == "identity") return std::string(as_text(plain));
  if (coding == "gzip") return encode_zlib(kGzip, plain);
  if (coding == "deflate") return encode_zlib(kZlib, plain);
  if (coding == "br") return encode_brotli(plain);
  if (coding == "zstd") return encode_zstd(plain);
  return make_error(
      fmt::format("cannot apply the content coding {:?}: known are gzip, deflate, br, zstd, identity", coding));
}

}  // namespace tapedeck::http
