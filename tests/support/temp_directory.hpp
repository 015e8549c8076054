#pragma once
#include <cstdlib>
#include <filesystem>
#include <string>

namespace tapedeck::test {

/// A directory of the test's own, gone with it.
class TempDirectory {
 public:
  TempDirectory() {
    std::string name = (std::filesystem::temp_directory_path() / "tapedeck-test-XXXXXX").string();
    if (::mkdtemp(name.data()) == nullptr) std::abort();
    x_path = name;
  }
  ~TempDirectory() {
    std::error_code ignored;
    std::filesystem::remove_all(x_path, ignored);
  }
  TempDirectory(const TempDirectory&) = delete;
  TempDirectory& operator=(const TempDirectory&) = delete;
  std::filesystem::path operator/(const std::string& name) const { return x_path / name; }
  const std::filesystem::path& path() const { return x_path; }

 private:
  std::filesystem::path x_path;
};

}  // namespace tapedeck::test
