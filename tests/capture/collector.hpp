#pragma once
#include <algorithm>
#include <cstdint>
#include <initializer_list>
#include <limits>
#include <ostream>
#include <string>
#include <vector>

#include "capture/capture_run.hpp"
#include "http/exchange_assembler.hpp"
#include "tests/support/packet_builder.hpp"

namespace tapedeck::test {

/// Puts the parts of a capture together, and checks what every sink may rely on.
class Collector final : public http::ExchangeSink {
 public:
  void take(const http::ExchangePart& part) noexcept override {
    if (std::holds_alternative<http::BeginPart>(part.content)) ++begun;
    if (const auto* head = std::get_if<http::HeadPart>(&part.content)) {
      if (head->side == http::Side::request && head->first < watermark) broken_watermarks++;
    }
    if (auto whole = x_assembler.take(part)) exchanges.push_back(std::move(*whole));
  }
  void lost(const http::Loss& loss) noexcept override { losses.push_back(loss); }
  void advance(Time time) noexcept override {
    if (time < watermark) ++broken_watermarks;
    watermark = std::max(watermark, time);
  }
  std::size_t open_count() const { return x_assembler.open_count(); }

  std::vector<http::Exchange> exchanges;
  std::vector<http::Loss> losses;
  std::size_t begun = 0;
  std::size_t broken_watermarks = 0;
  Time watermark{std::numeric_limits<Duration>::min()};

 private:
  http::ExchangeAssembler x_assembler{std::uint64_t{1} << 40};
};

/// A capture run over packets, with everything it gave.
struct Captured {
  std::vector<http::Exchange> exchanges;  // in order of the request's (or lone response's) first byte
  std::vector<http::Loss> losses;
  capture::CaptureAccount account;
  std::size_t open = 0;
  std::size_t broken_watermarks = 0;
};

Captured capture_all(capture::PacketSource& source, const capture::CaptureOptions& options = {},
                     const capture::Limits& limits = {});
Captured capture_all(std::vector<BuiltPacket> packets, const capture::Limits& limits = {});

/// Empty if the account's identities hold, else what does not.
std::string broken_identity(const capture::CaptureAccount& account);

/// `GET /path 200 body-length flags reason`: one exchange in a line.
std::string line_of(const http::Exchange& exchange);

/// Lines that a failed check prints.
struct Lines {
  Lines(std::initializer_list<std::string> lines) : all(lines) {}
  explicit Lines(std::vector<std::string> lines) : all(std::move(lines)) {}
  bool operator==(const Lines&) const = default;
  friend std::ostream& operator<<(std::ostream& out, const Lines& lines) {
    for (const std::string& line : lines.all) out << "\n    " << line;
    return out;
  }
  std::vector<std::string> all;
};
Lines lines_of(const Captured& captured);

std::string sha256_hex(std::string_view bytes);

}  // namespace tapedeck::test
