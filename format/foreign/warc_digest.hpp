#pragma once
#include <memory>
#include <string>
#include <string_view>

namespace tapedeck::format {

/// Computes a digest as a WARC field gives it: `sha1:BASE32`, also sha256 and md5, also in hex.
class WarcDigest {
 public:
  /// An unknown algorithm, or none, never differs.
  explicit WarcDigest(std::string_view expected);
  void add(std::string_view bytes);
  /// Once: whether what was added has another digest.
  bool differs();

 private:
  std::string x_expected;
  std::unique_ptr<void, void (*)(void*)> x_context;
};

/// `sha1:BASE32` of what comes in pieces.
class WarcSha1 {
 public:
  WarcSha1();
  void add(std::string_view bytes);
  /// Once.
  std::string text();

 private:
  std::unique_ptr<void, void (*)(void*)> x_context;
};

}  // namespace tapedeck::format
