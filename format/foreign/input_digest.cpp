#include "format/foreign/input_digest.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdlib>

#include <openssl/evp.h>

namespace tapedeck::format {
namespace {

EVP_MD_CTX* context(void* pointer) { return static_cast<EVP_MD_CTX*>(pointer); }

/// SHA-256 needs nothing from the world: that it fails is a bug.
void check(int done) {
  if (done != 1) std::abort();
}

}  // namespace

InputDigest::InputDigest() : x_context(EVP_MD_CTX_new(), [](void* pointer) { EVP_MD_CTX_free(context(pointer)); }) {
  check(EVP_DigestInit_ex(context(x_context.get()), EVP_sha256(), nullptr));
}

void InputDigest::update(ConstBytes bytes) {
  check(EVP_DigestUpdate(context(x_context.get()), bytes.data(), bytes.size()));
}

void InputDigest::add(ConstBytes bytes) {
  update(bytes);
  x_size += bytes.size();
}

void InputDigest::end_file() {
  std::array<std::byte, 8> size{};
  for (unsigned i = 0; i < size.size(); ++i) size[i] = static_cast<std::byte>(x_size >> (8 * i) & 0xff);
  update(size);
  x_size = 0;
}

http::RecordingId InputDigest::recording() const {
  std::unique_ptr<EVP_MD_CTX, void (*)(EVP_MD_CTX*)> copy(EVP_MD_CTX_new(), &EVP_MD_CTX_free);
  check(EVP_MD_CTX_copy_ex(copy.get(), context(x_context.get())));
  std::array<unsigned char, 32> hash{};
  check(EVP_DigestFinal_ex(copy.get(), hash.data(), nullptr));
  http::RecordingId id{};
  std::copy_n(hash.begin(), id.size(), id.begin());
  return id;
}

}  // namespace tapedeck::format
