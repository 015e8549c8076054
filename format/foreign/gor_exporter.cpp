#include "format/foreign/gor_exporter.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "format/foreign/gor_format.hpp"
#include "format/foreign/wire_form.hpp"
#include "format/foreign/wire_pieces.hpp"

namespace tapedeck::format {
namespace {

using http::Side;

/// 24 hex digits, as GoReplay's own.
std::string gor_id(const http::ExchangeId& id) {
  return fmt::format("{:02x}{:02x}{:02x}{:02x}{:016x}", id.recording[0], id.recording[1], id.recording[2],
                     id.recording[3], id.ordinal);
}

/// Looks for a separator in what comes in pieces.
class SeparatorSearch {
 public:
  void add(std::string_view piece) {
    x_end += piece.substr(0, kGorSeparator.size() - 1);
    x_found = x_found || x_end.find(kGorSeparator) != x_end.npos || piece.find(kGorSeparator) != piece.npos;
    if (piece.size() >= kGorSeparator.size()) x_end = piece.substr(piece.size() - (kGorSeparator.size() - 1));
    if (x_end.size() >= kGorSeparator.size()) x_end.erase(0, x_end.size() - (kGorSeparator.size() - 1));
  }
  bool found() const { return x_found; }

 private:
  std::string x_end;  // shorter than a separator
  bool x_found = false;
};

class GorExporter final : public Exporter {
 public:
  GorExporter(ByteSink& to, Compression compression) : x_out(to, compression) {}

  Result<void> add_stored(StoredExchange stored, const ReadBody& read) override {
    const http::Exchange& exchange = stored.exchange;
    if (!stored.left[0] && !stored.left[1]) return add_whole(exchange);
    bool written = false;
    for (const Side side : http::kSides) {
      if (side == Side::request ? !exchange.has_request() : !exchange.has_response()) continue;
      const auto done = add_record(stored, side, read);
      if (!done) return done.error();
      if (!*done && side == Side::request) return {};
      written = written || *done;
    }
    if (written) ++x_written;
    return {};
  }
  Result<void> finish() override { return x_out.flush(); }
  std::uint64_t written() const override { return x_written; }
  const Skipped& skipped() const override { return x_skipped; }

 private:
  /// All of it in one member.
  Result<void> add_whole(const http::Exchange& exchange) {
    std::string records;
    if (exchange.has_request() && !add_record(exchange, Side::request, records)) return {};
    if (exchange.has_response()) add_record(exchange, Side::response, records);
    if (records.empty()) return {};
    ++x_written;
    return x_out.write(records);
  }

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
    records += first_line(exchange, side);
    records += payload;
    records += kGorSeparator;
    return true;
  }

  static std::string first_line(const http::Exchange& exchange, Side side) {
    const http::Message& message = message_of(exchange, side);
    const char type = static_cast<char>(side == Side::request ? GorType::request : GorType::response);
    return fmt::format("{} {} {} {}\n", type, gor_id(exchange.id), std::max<std::int64_t>(to_ns(message.first), 0),
                       (message.last - message.first).count());
  }

  /// The same with what is still on the tape.
  Result<bool> add_record(const StoredExchange& stored, Side side, const ReadBody& read) {
    const http::Exchange& exchange = stored.exchange;
    const WirePieces pieces(stored, side, read);
    std::string_view why_not = why_not_whole(exchange, side);
    if (why_not.empty()) {
      SeparatorSearch search;
      const auto searched = pieces.visit([&](std::string_view piece) -> Result<void> {
        search.add(piece);
        return {};
      });
      if (!searched) return searched.error();
      if (search.found()) why_not = "holds_separator";
    }
    if (!why_not.empty()) {
      ++x_skipped[std::string(why_not)];
      return false;
    }
    const auto write = [this](std::string_view piece) { return x_out.write(piece); };
    if (auto done = write(first_line(exchange, side)); !done) return done.error();
    if (auto done = pieces.visit(write); !done) return done.error();
    if (auto done = write(kGorSeparator); !done) return done.error();
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
