#include "format/foreign/foreign_file.hpp"

#include <array>
#include <utility>

#include "base/text.hpp"
#include "format/byte_stream.hpp"
#include "format/decompressed_stream.hpp"
#include "format/foreign/gor_format.hpp"

namespace tapedeck::format {
namespace {

constexpr std::size_t kLookedAt = 4096;
static_assert(kLookedAt >= kMaxGorHeader);
constexpr std::string_view kByteOrderMark = "\xef\xbb\xbf";

class DigestedStream final : public ByteStream {
 public:
  DigestedStream(std::unique_ptr<ByteStream> stream, InputDigest& digest)
      : x_stream(std::move(stream)), x_digest(&digest) {}
  Result<std::size_t> read(Bytes into) override {
    const auto got = x_stream->read(into);
    if (got) x_digest->add(into.first(*got));
    return got;
  }

 private:
  std::unique_ptr<ByteStream> x_stream;
  InputDigest* x_digest;
};

/// To the end; nobody wants the bytes.
Result<void> drain(ByteStream& stream) {
  std::array<std::byte, 16 * 1024> buffer{};
  for (;;) {
    const auto got = stream.read(buffer);
    if (!got) return got.error();
    if (*got == 0 && !stream.go_on()) return {};
  }
}

}  // namespace

std::optional<ForeignKind> foreign_kind_of(std::string_view first_bytes) {
  if (first_bytes.starts_with("WARC/")) return ForeignKind::warc;
  const std::size_t lf = first_bytes.find('\n');
  if (lf < kMaxGorHeader && parse_gor_header(first_bytes.substr(0, lf))) return ForeignKind::gor;
  if (first_bytes.starts_with(kByteOrderMark)) first_bytes.remove_prefix(kByteOrderMark.size());
  if (trim_blanks(first_bytes).starts_with('{')) return ForeignKind::har;
  return std::nullopt;
}

Result<ForeignFile> ForeignFile::open(const std::filesystem::path& path, InputDigest& digest) {
  ForeignFile file;
  file.x_name = path == "-" ? "standard input" : path.string();
  auto stored = open_stream(path);
  if (!stored) return stored.error();
  file.x_stored = std::make_unique<DigestedStream>(std::move(*stored), digest);
  auto clear = decompressed_stream(borrowed_stream(*file.x_stored), BehindDamage::gone_on_with);
  if (!clear) return clear.error();
  auto first = read_up_to(**clear, kLookedAt);
  while (first && !foreign_kind_of(*first) && (*clear)->go_on()) first = read_up_to(**clear, kLookedAt);
  if (!first) return first.error();
  const auto kind = foreign_kind_of(*first);
  if (const auto damage = (*clear)->damage(); first->empty() && damage)
    return make_error(file.x_name + ": " + damage->what + ": nothing of it can be read; is the file whole?");
  if (!kind && first->empty()) return make_error(file.x_name + " is empty: HAR, .gor and WARC can be imported");
  if (!kind) {
    return make_error(file.x_name + " is none of HAR, .gor, WARC (gzip or zstd may be around them): look at its start");
  }
  file.x_kind = *kind;
  file.x_clear = prefixed_stream(std::move(*first), std::move(*clear));
  return file;
}

std::unique_ptr<ByteStream> ForeignFile::bytes() { return borrowed_stream(*x_clear); }

Result<std::optional<StreamDamage>> ForeignFile::close() {
  if (auto drained = drain(*x_clear); !drained) return drained.error();
  if (auto drained = drain(*x_stored); !drained) return drained.error();
  return x_clear->damage();
}

}  // namespace tapedeck::format
