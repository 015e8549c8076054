#include "format/foreign/gor_exporter.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "format/foreign/gor_format.hpp"
#include "format/foreign/wire_form.hpp"

namespace tapedeck::format {
namespace {

using http::Side;

/// 24 hex digits, as GoReplay's own.
std::string gor_id(const http::ExchangeId& id) {
  return fmt::format("{:02x}{:02x}{:02x}{:02x}{:016x}", id.recording[0], id.recording[1], id.recording[2],
                     id.recording[3], id.ordinal);
}

class GorExporter final : public Exporter {
 public:
  GorExporter(ByteSink& to, Compression compression) : x_out(to, compression) {}

  Result<void> add(const http::Exchange& exchange) override {
    std::string records;
    if (exchange.has_request() && !add_record(exchange, Side::request, records)) return {};
    if (exchange.has_response()) add_record(exchange, Side::response, records);
    if (records.empty()) return {};
    ++x_written;
    return x_out.write(records);
  }
  Result<void> finish() override { return x_out.flush(); }
  std::uint64_t written() const override { return x_written; }
  const Skipped& skipped() const override { return x_skipped; }

 private:
  /// False if it is left out.
  bool add_record(const http::Exchange& exchange, Side side, std::string& records) {
    std::string_view why_not = why_not_whole(exchange, side);
    std::string payload;
    if (why_not.empty()) payload = wire_form(exchange, side);
    if (payload.find(kGorSeparator) != std::string::npos) why_not = "holds_separator";
    if (!why_not.empty()) {
      ++x_skipped[std::string(why_not)];
      return false;
    }
    const http::Message& message = message_of(exchange, side);
    const char type = static_cast<char>(side == Side::request ? GorType::request : GorType::response);
    records += fmt::format("{} {} {} {}\n", type, gor_id(exchange.id), std::max<std::int64_t>(to_ns(message.first), 0),
                           (message.last - message.first).count());
    records += payload;
    records += kGorSeparator;
    return true;
  }

  MemberWriter x_out;
  std::uint64_t x_written = 0;
  Skipped x_skipped;
};

}  // namespace

std::unique_ptr<Exporter> make_gor_exporter(ByteSink& to, Compression compression) {
  return std::make_unique<GorExporter>(to, compression);
}

}  // namespace tapedeck::format
