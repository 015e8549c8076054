#include "format/foreign/gzip_members.hpp"

#include <array>
#include <utility>

#include "http/content_coding.hpp"

namespace tapedeck::format {
namespace {

constexpr std::size_t kMember = 1u << 20;

}  // namespace

Result<void> MemberWriter::write_member(std::string_view bytes) {
  std::string coded;
  if (x_compression == Compression::gzip) {
    auto member = http::encode_content("gzip", as_bytes(bytes));
    if (!member) return member.error();
    coded = std::move(*member);
    bytes = coded;
  }
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
