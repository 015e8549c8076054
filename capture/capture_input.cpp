#include "capture/capture_input.hpp"

#include <system_error>

#include <xxhash.h>

#include "format/decompressed_stream.hpp"

namespace tapedeck::capture {
namespace {

constexpr std::size_t kFingerprinted = 64 * 1024;
constexpr std::size_t kMagic = 4;

}  // namespace

Result<CaptureInput> open_input(const std::filesystem::path& path) {
  CaptureInput opened;
  opened.name = path == "-" ? "standard input" : path.string();
  auto stored = format::open_stream(path);
  if (!stored) return stored.error();
  std::error_code unknown;
  const bool is_file = path != "-" && std::filesystem::is_regular_file(path, unknown);
  auto first = format::read_up_to(**stored, is_file ? kFingerprinted : kMagic);
  if (!first) return first.error();
  if (first->empty()) return make_error(opened.name + " is empty: nothing was captured into it");
  if (is_file) {
    const std::uintmax_t size = std::filesystem::file_size(path, unknown);
    opened.fingerprint = XXH3_64bits_withSeed(first->data(), first->size(), size);
  }
  auto clear = format::decompressed_stream(format::prefixed_stream(std::move(*first), std::move(*stored)));
  if (!clear) return clear.error();
  opened.bytes = std::make_unique<format::StreamWindow>(std::move(*clear));
  return opened;
}

}  // namespace tapedeck::capture
