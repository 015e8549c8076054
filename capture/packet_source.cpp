#include "capture/packet_source.hpp"

#include <algorithm>
#include <utility>

#include <fmt/format.h>
#include <xxhash.h>

#include "capture/capture_file.hpp"
#include "capture/capture_input.hpp"

namespace tapedeck::capture {
namespace {

/// One capture file with its next packet looked at already: that is what merging by time needs.
struct Input {
  std::string name;
  std::unique_ptr<CaptureFile> file;
  RawPacket ahead;
  bool has_packet = false;
  std::uint64_t fingerprint = 0;

  Result<bool> advance() {
    const auto got = file->next(ahead);
    if (!got) return got.error();
    has_packet = *got;
    return true;
  }
};

std::uint64_t hash_of(const RawPacket& packet) {
  return XXH3_64bits_withSeed(packet.bytes.data(), packet.bytes.size(), static_cast<XXH64_hash_t>(to_ns(packet.time)));
}

Result<Input> open_one(const std::filesystem::path& path) {
  auto opened = open_input(path);
  if (!opened) return opened.error();
  auto file = open_capture(std::move(opened->bytes), opened->name);
  if (!file) return file.error();
  Input input;
  input.name = opened->name;
  input.file = std::move(*file);
  if (const auto ready = input.advance(); !ready) return ready.error();
  // A pipe's first packet names it: its time has nanoseconds.
  input.fingerprint = opened->fingerprint.value_or(input.has_packet ? hash_of(input.ahead) : 0);
  if (!input.file->any_known_link() && input.file->unknown_link()) {
    return make_error(fmt::format("{}: link type {} is not known here: capture on an Ethernet, IP or `any` interface",
                                  input.name, describe(*input.file->unknown_link())));
  }
  return input;
}

class CaptureFiles final : public PacketSource {
 public:
  explicit CaptureFiles(std::vector<Input> inputs) : x_inputs(std::move(inputs)) {}

  Result<bool> read(RawPacket& packet) override {
    if (x_shown != nullptr) {
      if (const auto moved = x_shown->advance(); !moved) return moved.error();
      x_shown = nullptr;
    }
    for (Input& input : x_inputs) {
      if (input.has_packet && (x_shown == nullptr || input.ahead.time < x_shown->ahead.time)) x_shown = &input;
    }
    if (x_shown == nullptr) return false;
    packet = x_shown->ahead;
    packet.number = ++x_count;
    return true;
  }

  SourceStats stats() const override {
    SourceStats stats;
    for (const Input& input : x_inputs) {
      stats.source_drops += input.file->source_drops();
      const auto& damage = input.file->damage();
      if (!damage) continue;
      stats.unread_bytes += damage->bytes;
      if (!stats.unread_where.empty()) stats.unread_where += "; ";
      stats.unread_where += fmt::format("{}, {}", input.name, damage->what);
    }
    return stats;
  }

  std::uint64_t fingerprint() const override {
    std::uint64_t all = 0;
    for (const Input& input : x_inputs) all = XXH3_64bits_withSeed(&input.fingerprint, sizeof input.fingerprint, all);
    return all;
  }

 private:
  std::vector<Input> x_inputs;
  Input* x_shown = nullptr;  // whose packet the caller holds
  std::uint64_t x_count = 0;
};

}  // namespace

Result<std::unique_ptr<PacketSource>> open_capture_files(const std::vector<std::filesystem::path>& paths) {
  std::vector<Input> inputs;
  for (const auto& path : paths) {
    auto input = open_one(path);
    if (!input) return input.error();
    inputs.push_back(std::move(*input));
  }
  return std::unique_ptr<PacketSource>(std::make_unique<CaptureFiles>(std::move(inputs)));
}

}  // namespace tapedeck::capture
