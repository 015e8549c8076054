#pragma once
#include <memory>

#include "base/bytes.hpp"
#include "http/exchange_id.hpp"

namespace tapedeck::format {

/// Names what an import has read: the same files in the same order, the same recording.
class InputDigest {
 public:
  InputDigest();
  void add(ConstBytes bytes);
  /// Files are told apart: `ab`, `c` is not `a`, `bc`.
  void end_file();
  http::RecordingId recording() const;

 private:
  void update(ConstBytes bytes);
  std::unique_ptr<void, void (*)(void*)> x_context;
  std::uint64_t x_size = 0;  // of the file at hand
};

}  // namespace tapedeck::format
