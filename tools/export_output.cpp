#include "tools/export_output.hpp"

#include <cstdio>

#include "base/new_file.hpp"
#include "format/existing_file.hpp"
#include "format/format_error.hpp"

namespace tapedeck::tools {
namespace {

namespace fs = std::filesystem;

class StandardOutput final : public ExportOutput {
 public:
  Result<void> append(std::span<const ConstBytes> pieces) override {
    for (const ConstBytes piece : pieces) {
      if (std::fwrite(piece.data(), 1, piece.size(), stdout) != piece.size()) return errno_error("standard output");
    }
    return {};
  }
  Result<void> finish() override {
    if (std::fflush(stdout) != 0) return errno_error("standard output");
    return {};
  }
};

class Device final : public ExportOutput {
 public:
  explicit Device(std::unique_ptr<format::ByteSink> sink) : x_sink(std::move(sink)) {}
  Result<void> append(std::span<const ConstBytes> pieces) override { return x_sink->append(pieces); }
  Result<void> finish() override { return {}; }

 private:
  std::unique_ptr<format::ByteSink> x_sink;
};

class ReplacedFile final : public ExportOutput {
 public:
  explicit ReplacedFile(NewFile file) : x_file(std::move(file)) {}
  Result<void> append(std::span<const ConstBytes> pieces) override {
    for (const ConstBytes piece : pieces) {
      if (auto done = x_file.write(as_text(piece)); !done) return done;
    }
    return {};
  }
  Result<void> finish() override { return x_file.place(); }

 private:
  NewFile x_file;
};

bool is_device(const fs::path& path) {
  std::error_code problem;
  const fs::file_status status = fs::status(path, problem);
  return fs::exists(status) && !fs::is_regular_file(status) && !fs::is_directory(status);
}

}  // namespace

Result<void> ExportOutput::cut_back(std::uint64_t) {
  return make_error(format::errc::not_supported, "an export is not cut back");
}

Result<std::unique_ptr<ExportOutput>> open_export_output(const std::string& path, format::Overwrite overwrite) {
  if (path == "-") return std::unique_ptr<ExportOutput>(std::make_unique<StandardOutput>());
  if (is_device(path)) {
    auto sink = format::create_file_sink(path, overwrite);
    if (!sink) return sink.error();
    return std::unique_ptr<ExportOutput>(std::make_unique<Device>(std::move(*sink)));
  }
  if (const auto free = format::check_free(path, overwrite); !free) return free.error();
  auto file = NewFile::create(path, ReadableBy::owner);
  if (!file) return file.error();
  return std::unique_ptr<ExportOutput>(std::make_unique<ReplacedFile>(std::move(*file)));
}

}  // namespace tapedeck::tools
