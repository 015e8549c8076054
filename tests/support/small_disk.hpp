#pragma once
#include <atomic>
#include <filesystem>
#include <memory>
#include <vector>

#include "base/byte_size.hpp"
#include "format/byte_sink.hpp"

namespace tapedeck::test {

/// Real files on a disk of limited room, which a test fills and frees. Every write beyond the room puts a prefix into
/// the file and fails with `failure`.
struct SmallDisk {
  std::atomic<std::int64_t> room{1 << 30};
  error_code failure = boost::system::errc::make_error_code(boost::system::errc::no_space_on_device);
  bool cuts_back = true;

  /// The disk outlives its files.
  auto create_sink() {
    return [this](const std::filesystem::path& path,
                  format::Overwrite overwrite) -> Result<std::unique_ptr<format::ByteSink>> {
      auto file = format::create_file_sink(path, overwrite);
      if (!file) return file.error();
      return std::unique_ptr<format::ByteSink>(std::make_unique<File>(*this, std::move(*file)));
    };
  }

 private:
  class File final : public format::ByteSink {
   public:
    File(SmallDisk& disk, std::unique_ptr<format::ByteSink> file) : x_disk(disk), x_file(std::move(file)) {}
    Result<void> append(std::span<const ConstBytes> pieces) override {
      for (ConstBytes piece : pieces) {
        const auto size = static_cast<std::int64_t>(piece.size());
        const auto free = std::max<std::int64_t>(0, x_disk.room.load());
        if (size > free) piece = piece.first(static_cast<std::size_t>(free));
        if (auto appended = x_file->append({&piece, 1}); !appended) return appended;
        x_size += piece.size();
        x_disk.room -= static_cast<std::int64_t>(piece.size());
        if (size > free) return make_error(x_disk.failure, "cannot write: the disk is small");
      }
      return {};
    }
    Result<void> sync() override { return {}; }
    Result<void> cut_back(std::uint64_t size) override {
      if (!x_disk.cuts_back) return make_error(x_disk.failure, "cannot cut back");
      x_disk.room += static_cast<std::int64_t>(x_size - size);
      x_size = size;
      return x_file->cut_back(size);
    }

   private:
    SmallDisk& x_disk;
    std::unique_ptr<format::ByteSink> x_file;
    std::uint64_t x_size = 0;
  };
};

}  // namespace tapedeck::test
