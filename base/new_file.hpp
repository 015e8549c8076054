#pragma once
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

#include "base/error.hpp"

namespace tapedeck {

enum class ReadableBy : std::uint8_t { owner, all };
enum class Durable : std::uint8_t { yes, no };  // no: after a power cut it may be gone, or empty

/// A file that replaces what stands at its path at once, when it is whole: written under a temporary name beside it,
/// synced, renamed. Unless it is placed nothing is left of it. A link at the path is followed.
class NewFile {
 public:
  static Result<NewFile> create(const std::filesystem::path& path, ReadableBy readable_by);
  NewFile(NewFile&& other) noexcept;
  NewFile& operator=(NewFile&& other) noexcept;
  ~NewFile();

  Result<void> write(std::string_view bytes);
  /// Brings it to the disk if it is to be durable, and puts it at its path. Nothing may be written then.
  Result<void> place(Durable durable = Durable::yes);

 private:
  NewFile(std::filesystem::path path, std::string temporary, int fd);
  bool sync_and_close(Durable durable);
  void discard();

  std::filesystem::path x_path;
  std::string x_temporary;  // empty: placed, or moved from
  int x_fd = -1;
};

}  // namespace tapedeck
