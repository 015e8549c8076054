#include "format/foreign/warc_digest.hpp"

#include <array>

#include <fmt/format.h>
#include <openssl/evp.h>

#include "base/text.hpp"

namespace tapedeck::format {
namespace {

EVP_MD_CTX* context(void* pointer) { return static_cast<EVP_MD_CTX*>(pointer); }

const EVP_MD* algorithm_named(std::string_view name) {
  if (name == "sha1" || name == "sha-1") return EVP_sha1();
  if (name == "sha256" || name == "sha-256") return EVP_sha256();
  if (name == "md5") return EVP_md5();
  return nullptr;
}

/// RFC 4648, without padding.
std::string base32(std::string_view raw) {
  constexpr std::string_view kAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
  std::string out;
  unsigned pending = 0;
  unsigned bits = 0;
  for (const char c : raw) {
    pending = pending << 8 | static_cast<unsigned char>(c);
    for (bits += 8; bits >= 5; bits -= 5) out += kAlphabet[pending >> (bits - 5) & 31];
    pending &= 255;
  }
  if (bits > 0) out += kAlphabet[pending << (5 - bits) & 31];
  return out;
}

std::string finished(EVP_MD_CTX* digest) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> hash{};
  unsigned size = 0;
  if (EVP_DigestFinal_ex(digest, hash.data(), &size) != 1) return {};
  return std::string(reinterpret_cast<const char*>(hash.data()), size);
}

}  // namespace

WarcDigest::WarcDigest(std::string_view expected)
    : x_context(nullptr, [](void* pointer) { EVP_MD_CTX_free(context(pointer)); }) {
  const std::size_t colon = std::min(expected.find(':'), expected.size());
  const EVP_MD* algorithm = algorithm_named(to_lower(expected.substr(0, colon)));
  if (algorithm == nullptr) return;
  x_context.reset(EVP_MD_CTX_new());
  // An algorithm that this machine's policy forbids (md5, say) is as good as unknown.
  if (EVP_DigestInit_ex(context(x_context.get()), algorithm, nullptr) != 1) x_context.reset();
  x_expected = trim_blanks(expected.substr(std::min(colon + 1, expected.size())));
  while (x_expected.ends_with('=')) x_expected.pop_back();
}

void WarcDigest::add(std::string_view bytes) {
  if (x_context) EVP_DigestUpdate(context(x_context.get()), bytes.data(), bytes.size());
}

bool WarcDigest::differs() {
  if (!x_context) return false;
  const std::string raw = finished(context(x_context.get()));
  const std::string expected = to_lower(x_expected);
  return expected != hex(raw) && expected != to_lower(base32(raw));
}

WarcSha1::WarcSha1() : x_context(EVP_MD_CTX_new(), [](void* pointer) { EVP_MD_CTX_free(context(pointer)); }) {
  EVP_DigestInit_ex(context(x_context.get()), EVP_sha1(), nullptr);
}

void WarcSha1::add(std::string_view bytes) { EVP_DigestUpdate(context(x_context.get()), bytes.data(), bytes.size()); }

std::string WarcSha1::text() {
  std::string text = "sha1:";
  text += base32(finished(context(x_context.get())));
  return text;
}

}  // namespace tapedeck::format
