#include <array>
#include <cstdlib>

#include "http/content_coding.hpp"

using namespace tapedeck;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  constexpr std::array kCodings = {"gzip", "deflate", "br", "zstd", "gzip, br", "zstd, deflate, gzip"};
  if (size == 0) return 0;
  const ConstBytes coded(reinterpret_cast<const std::byte*>(data + 1), size - 1);
  http::DecodeLimits limits;
  limits.bytes = 1 << 20;
  const auto decoded = http::decode_content(kCodings[data[0] % kCodings.size()], coded, limits);
  if (decoded.bytes.size() > limits.bytes) std::abort();
  return 0;
}
