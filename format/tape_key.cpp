#include "format/tape_key.hpp"

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <memory>

#include <fcntl.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/kdf.h>
#include <openssl/params.h>
#include <sys/stat.h>
#include <unistd.h>

#include "format/wire.hpp"

namespace tapedeck::format {
namespace {

constexpr std::string_view kSegmentInfo = "tapedeck tape 1 segment";
constexpr std::string_view kKeyIdInfo = "tapedeck tape 1 key id";
constexpr std::size_t kAuthenticated = 48;  // of the header
constexpr std::size_t kTypeAt = 14;
constexpr std::size_t kColumnsAt = 54;  // in a CHUNK's body
constexpr std::size_t kHashAt = 16;     // in a column's entry

OSSL_PARAM octets(const char* name, std::string_view bytes) {
  return OSSL_PARAM_construct_octet_string(name, const_cast<char*>(bytes.data()), bytes.size());
}

std::string_view view(const std::array<std::uint8_t, 32>& bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

/// HKDF-SHA256. An empty salt is none. It fails only where the library is broken or memory ran out.
template <std::size_t N>
std::array<std::uint8_t, N> hkdf(const TapeKey& key, std::string_view salt, std::string_view info) {
  const std::unique_ptr<EVP_KDF, void (*)(EVP_KDF*)> kdf(EVP_KDF_fetch(nullptr, "HKDF", nullptr), EVP_KDF_free);
  if (!kdf) std::abort();
  const std::unique_ptr<EVP_KDF_CTX, void (*)(EVP_KDF_CTX*)> context(EVP_KDF_CTX_new(kdf.get()), EVP_KDF_CTX_free);
  if (!context) std::abort();
  char digest[] = "SHA256";
  OSSL_PARAM parameters[] = {OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, digest, 0),
                             octets(OSSL_KDF_PARAM_KEY, view(key.bytes)), octets(OSSL_KDF_PARAM_INFO, info),
                             salt.empty() ? OSSL_PARAM_construct_end() : octets(OSSL_KDF_PARAM_SALT, salt),
                             OSSL_PARAM_construct_end()};
  std::array<std::uint8_t, N> derived;
  if (EVP_KDF_derive(context.get(), derived.data(), N, parameters) != 1) std::abort();
  return derived;
}

std::array<unsigned char, 12> nonce_of(FrameNumber frame) {
  std::array<unsigned char, 12> nonce{};
  std::memcpy(nonce.data(), &frame.record_no, sizeof frame.record_no);
  std::memcpy(nonce.data() + 8, &frame.index, sizeof frame.index);
  return nonce;
}

const unsigned char* raw(std::string_view bytes) { return reinterpret_cast<const unsigned char*>(bytes.data()); }
unsigned char* raw(std::string& bytes) { return reinterpret_cast<unsigned char*>(bytes.data()); }

/// A thread's own context, keyed and ready for the data.
EVP_CIPHER_CTX* start(const SegmentKey& key, FrameNumber frame, std::string_view associated, int encrypting) {
  thread_local const std::unique_ptr<EVP_CIPHER_CTX, void (*)(EVP_CIPHER_CTX*)> context(EVP_CIPHER_CTX_new(),
                                                                                        EVP_CIPHER_CTX_free);
  int n = 0;
  if (!context ||
      EVP_CipherInit_ex(context.get(), EVP_aes_256_gcm(), nullptr, key.data(), nonce_of(frame).data(), encrypting) !=
          1 ||
      EVP_CipherUpdate(context.get(), nullptr, &n, raw(associated), static_cast<int>(associated.size())) != 1) {
    std::abort();
  }
  return context.get();
}

/// All of the file, but no more than one byte beyond a key.
Result<std::string> read_start(int fd, const std::string& name) {
  std::string bytes(sizeof(TapeKey) + 1, '\0');
  std::size_t done = 0;
  while (done < bytes.size()) {
    const ssize_t n = ::read(fd, bytes.data() + done, bytes.size() - done);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return errno_error("cannot read the key file " + name);
    if (n == 0) break;
    done += static_cast<std::size_t>(n);
  }
  bytes.resize(done);
  return bytes;
}

}  // namespace

Result<KeyFile> read_key_file(const std::filesystem::path& path) {
  const std::string name = path.string();
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return errno_error("cannot open the key file " + name);
  struct stat facts {};
  const bool known = ::fstat(fd, &facts) == 0;
  const auto bytes = read_start(fd, name);
  ::close(fd);
  if (!bytes) return bytes.error();
  KeyFile file;
  if (bytes->size() != file.key.bytes.size()) {
    return make_error(name + ": a key file holds exactly 32 bytes, this one " +
                      (bytes->size() > file.key.bytes.size() ? "more" : std::to_string(bytes->size())) +
                      ": make one with `head -c 32 /dev/urandom > FILE`");
  }
  std::memcpy(file.key.bytes.data(), bytes->data(), file.key.bytes.size());
  file.others_can_read = known && S_ISREG(facts.st_mode) && (facts.st_mode & (S_IRGRP | S_IROTH)) != 0;
  return file;
}

std::uint64_t key_id_of(const TapeKey& key) {
  const auto id = hkdf<8>(key, "", kKeyIdInfo);
  std::uint64_t value = 0;
  std::memcpy(&value, id.data(), sizeof value);
  return value;
}

SegmentKey segment_key(const TapeKey& key, const SegmentId& segment) {
  std::string salt(segment.recording.begin(), segment.recording.end());
  put<std::uint32_t>(salt, segment.number);
  return hkdf<32>(key, salt, kSegmentInfo);
}

std::string associated_data(std::string_view head) {
  std::string data(head.substr(0, kAuthenticated));
  data += head.substr(kHeaderSize);
  if (load<std::uint16_t>(head, kTypeAt) != static_cast<std::uint16_t>(RecordType::chunk)) return data;
  if (data.size() < kAuthenticated + kChunkBody) return data;
  const std::size_t columns = load<std::uint16_t>(data, kAuthenticated + kColumnsAt);
  std::size_t at = kAuthenticated + kChunkBody;
  for (std::size_t i = 0; i < columns && at + kColumnEntry <= data.size(); ++i, at += kColumnEntry) {
    store<std::uint64_t>(data, at + kHashAt, 0);
  }
  return data;
}

std::string encrypt(const SegmentKey& key, FrameNumber frame, std::string_view plain, std::string_view associated) {
  EVP_CIPHER_CTX* context = start(key, frame, associated, 1);
  std::string content(plain.size() + kCipherTag, '\0');
  unsigned char* out = raw(content);
  int n = 0;
  int rest = 0;
  if (EVP_EncryptUpdate(context, out, &n, raw(plain), static_cast<int>(plain.size())) != 1 ||
      EVP_EncryptFinal_ex(context, out + n, &rest) != 1 ||
      EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_GCM_GET_TAG, kCipherTag, out + plain.size()) != 1) {
    std::abort();
  }
  return content;
}

std::optional<std::string> decrypt(const SegmentKey& key, FrameNumber frame, std::string_view content,
                                   std::string_view associated) {
  if (content.size() < kCipherTag || content.size() > kMaxPayload) return std::nullopt;
  EVP_CIPHER_CTX* context = start(key, frame, associated, 0);
  const std::string_view cipher = content.substr(0, content.size() - kCipherTag);
  std::string tag(content.substr(cipher.size()));
  std::string plain(cipher.size(), '\0');
  unsigned char* out = raw(plain);
  int n = 0;
  int rest = 0;
  if (EVP_DecryptUpdate(context, out, &n, raw(cipher), static_cast<int>(cipher.size())) != 1 ||
      EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_GCM_SET_TAG, kCipherTag, raw(tag)) != 1 ||
      EVP_DecryptFinal_ex(context, out + n, &rest) != 1) {
    return std::nullopt;
  }
  return plain;
}

}  // namespace tapedeck::format
