#include "format/format_error.hpp"

#include <string>

namespace tapedeck::format {
namespace {

class Category final : public boost::system::error_category {
 public:
  const char* name() const noexcept override { return "tape"; }
  std::string message(int code) const override {
    switch (static_cast<errc>(code)) {
      case errc::not_a_tape: return "not a tape";
      case errc::newer_version: return "written by a newer version";
      case errc::damaged: return "damaged";
      case errc::key_needed: return "a key is needed";
      case errc::wrong_key: return "wrong key";
      case errc::limit_exceeded: return "limit exceeded";
      case errc::not_found: return "not found";
      case errc::not_supported: return "not supported";
    }
    return "unknown";
  }
};

}  // namespace

error_code make_error_code(errc code) {
  static const Category category;
  return {static_cast<int>(code), category};
}

}  // namespace tapedeck::format
