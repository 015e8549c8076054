#pragma once
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "format/byte_stream.hpp"
#include "format/foreign/input_digest.hpp"

namespace tapedeck::format {

enum class ForeignKind : std::uint8_t { har, gor, warc };

/// What begins like this: a JSON object is HAR (a byte order mark and white space may stand in front), a record's
/// header line .gor, `WARC/` WARC.
std::optional<ForeignKind> foreign_kind_of(std::string_view first_bytes);

/// A file of another program, its kind found by content, compressed or not.
class ForeignFile {
 public:
  /// `digest` is fed with the bytes as stored, and outlives the file. An error says what was found instead.
  static Result<ForeignFile> open(const std::filesystem::path& path, InputDigest& digest);

  const std::string& name() const { return x_name; }  // for people
  ForeignKind kind() const { return x_kind; }
  /// The bytes in clear, for a reader, up to a damaged place; this file outlives it.
  std::unique_ptr<ByteStream> bytes();
  /// After their end: whether there are more behind a damaged place, which bytes() has then.
  bool go_on() { return x_clear->go_on(); }
  /// Reads what the readers left, so that the digest is whole and the damage known.
  Result<std::optional<StreamDamage>> close();

 private:
  ForeignFile() = default;
  std::string x_name;
  ForeignKind x_kind{};
  std::unique_ptr<ByteStream> x_stored;
  std::unique_ptr<ByteStream> x_clear;  // reads x_stored
};

}  // namespace tapedeck::format
