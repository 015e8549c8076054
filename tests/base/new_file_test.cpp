#include "base/new_file.hpp"

#include <fstream>
#include <sstream>

#include <doctest/doctest.h>

#include "tests/support/temp_directory.hpp"

using namespace tapedeck;
namespace fs = std::filesystem;

namespace {

std::string text_at(const fs::path& path) {
  std::ostringstream text;
  text << std::ifstream(path).rdbuf();
  return text.str();
}

std::size_t files_in(const test::TempDirectory& folder) {
  return static_cast<std::size_t>(std::distance(fs::directory_iterator(folder.path()), fs::directory_iterator()));
}

}  // namespace

TEST_CASE("a new file is seen at its path when it is placed, not before") {
  const test::TempDirectory folder;
  std::ofstream(folder / "a") << "old";
  auto file = NewFile::create(folder / "a", ReadableBy::owner);
  REQUIRE(file.has_value());
  REQUIRE(file->write("new").has_value());
  CHECK(text_at(folder / "a") == "old");
  REQUIRE(file->place().has_value());
  CHECK(text_at(folder / "a") == "new");
  CHECK(fs::status(folder / "a").permissions() == (fs::perms::owner_read | fs::perms::owner_write));
  CHECK(files_in(folder) == 1);
}

TEST_CASE("a new file that is not placed leaves the old one and nothing else") {
  const test::TempDirectory folder;
  std::ofstream(folder / "a") << "old";
  {
    auto file = NewFile::create(folder / "a", ReadableBy::all);
    REQUIRE(file.has_value());
    const NewFile moved = std::move(*file);
  }
  CHECK(text_at(folder / "a") == "old");
  CHECK(files_in(folder) == 1);
}

TEST_CASE("a link is followed: the file behind it is replaced") {
  const test::TempDirectory folder;
  std::ofstream(folder / "real") << "old";
  fs::create_symlink(folder / "real", folder / "link");
  auto file = NewFile::create(folder / "link", ReadableBy::all);
  REQUIRE(file.has_value());
  REQUIRE(file->write("new").has_value());
  REQUIRE(file->place().has_value());
  CHECK(fs::is_symlink(folder / "link"));
  CHECK(text_at(folder / "real") == "new");
}

TEST_CASE("a folder that does not exist is named") {
  const auto file = NewFile::create("/no/such/folder/a", ReadableBy::all);
  REQUIRE(file.has_error());
  CHECK(file.error().message.find("/no/such/folder/a") != std::string::npos);
}
