// Tapes that earlier versions wrote read for ever: tests/data/tape holds them, and what is on them. Those of this
// version are written, to be looked at and added there, by
//   TAPEDECK_WRITE_GOLDEN=DIRECTORY test_format -tc='golden tapes are written on demand'
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include <doctest/doctest.h>

#include "format/exchange_json.hpp"
#include "tests/format/golden_tapes.hpp"

using namespace tapedeck;
using namespace tapedeck::test;
namespace fs = std::filesystem;

namespace {

/// The tree's own data, from wherever in it the test runs.
fs::path golden_directory() {
  for (fs::path at = fs::current_path();; at = at.parent_path()) {
    if (fs::exists(at / "tests/data/tape")) return at / "tests/data/tape";
    if (at == at.parent_path()) return {};
  }
}

std::string file(const fs::path& path) {
  std::ostringstream text;
  text << std::ifstream(path, std::ios::binary).rdbuf();
  return text.str();
}

/// The key that stands beside an encrypted one.
format::ReadOptions options_of(fs::path tape) {
  const fs::path key = tape.replace_extension(".key");
  if (!fs::exists(key)) return {};
  const auto read = format::read_key_file(key);
  REQUIRE(read.has_value());
  return {read->key, format::MissingKey::refuse};
}

/// A line an exchange, in time order: all of it, or without heads and bodies where these are large.
std::string as_lines(format::TapeReader& reader) {
  std::string lines;
  for (const http::Exchange& e : read_all(reader)) {
    const bool large = e.request.body.bytes.size() + e.response.body.bytes.size() > 4096;
    JsonWriter json;
    format::write_exchange(json, e, large ? format::JsonDetail::line : format::JsonDetail::full);
    lines += json.take() + "\n";
  }
  return lines;
}

}  // namespace

TEST_CASE("golden tapes read as they did when they were written") {
  const fs::path directory = golden_directory();
  REQUIRE_MESSAGE(!directory.empty(), "run the tests inside the source tree: tests/data/tape is needed");
  std::size_t tapes = 0;
  for (const fs::directory_entry& entry : fs::directory_iterator(directory)) {
    if (entry.path().extension() != ".tape") continue;
    CAPTURE(entry.path().filename().string());
    auto reader = format::TapeReader::open(entry.path(), options_of(entry.path()));
    REQUIRE(reader.has_value());
    fs::path expected = entry.path();
    CHECK(as_lines(*reader) == file(expected.replace_extension(".jsonl")));
    const bool unsealed = entry.path().filename().string().starts_with("unsealed");
    CHECK(reader->verify()->intact() != unsealed);
    if (!unsealed) check_zstd(file(entry.path().parent_path() / entry.path().filename()));
    ++tapes;
  }
  CHECK(tapes >= 7);
}

TEST_CASE("golden tapes are written on demand") {
  const char* directory = std::getenv("TAPEDECK_WRITE_GOLDEN");
  for (const auto& tape : GoldenTapes::make()) {
    const std::string& name = tape.first;
    const std::string& bytes = tape.second;
    CAPTURE(name);
    const bool encrypted = name.starts_with("encrypted");
    const auto key = encrypted ? std::optional(GoldenTapes::key()) : std::nullopt;
    auto reader = format::TapeReader::open(format::memory_source(bytes), {key, format::MissingKey::refuse});
    REQUIRE(reader.has_value());
    const std::string lines = as_lines(*reader);
    CHECK(reader->damage().sealed() != name.starts_with("unsealed"));
    if (directory == nullptr) continue;
    if (encrypted) {
      std::ofstream(fs::path(directory) / (name + ".key"), std::ios::binary)
          .write(reinterpret_cast<const char*>(key->bytes.data()), static_cast<std::streamsize>(key->bytes.size()));
    }
    std::ofstream(fs::path(directory) / (name + ".tape"), std::ios::binary) << bytes;
    std::ofstream(fs::path(directory) / (name + ".jsonl"), std::ios::binary) << lines;
  }
}
