#pragma once
#include <memory>
#include <string>

#include "base/error.hpp"
#include "format/byte_sink.hpp"

namespace tapedeck::tools {

/// Where an export goes: standard output (`-`), a device or pipe, or a file that stands at its path once it is whole.
class ExportOutput : public format::ByteSink {
 public:
  Result<void> sync() override { return {}; }
  Result<void> cut_back(std::uint64_t size) override;
  /// The export is whole: brings it to its place.
  virtual Result<void> finish() = 0;
};

/// An existing file that is not empty is refused unless forced.
Result<std::unique_ptr<ExportOutput>> open_export_output(const std::string& path, format::Overwrite overwrite);

}  // namespace tapedeck::tools
