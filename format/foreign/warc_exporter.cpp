#include "format/foreign/warc_exporter.hpp"

#include <array>

#include <fmt/format.h>
#include <openssl/evp.h>

#include "base/text.hpp"
#include "format/foreign/warc_date.hpp"
#include "format/foreign/warc_digest.hpp"
#include "format/foreign/wire_form.hpp"
#include "format/foreign/wire_pieces.hpp"
#include "http/url.hpp"

namespace tapedeck::format {
namespace {

using http::Side;

constexpr std::string_view kRecordEnd = "\r\n\r\n";

/// RFC 9562, version 5: the same name, the same id.
std::string uuid_of(std::string_view name) {
  constexpr std::array<unsigned char, 16> kNamespace{0x8a, 0x3e, 0x1f, 0x6c, 0x52, 0xd7, 0x4b, 0x09,
                                                     0x9e, 0x41, 0x77, 0xc2, 0x0d, 0x5a, 0xb8, 0x13};
  const std::string all =
      std::string(reinterpret_cast<const char*>(kNamespace.data()), kNamespace.size()) + std::string(name);
  std::array<unsigned char, EVP_MAX_MD_SIZE> hash{};
  EVP_Digest(all.data(), all.size(), hash.data(), nullptr, EVP_sha1(), nullptr);
  hash[6] = static_cast<unsigned char>((hash[6] & 0x0f) | 0x50);
  hash[8] = static_cast<unsigned char>((hash[8] & 0x3f) | 0x80);
  std::string text;
  for (std::size_t i = 0; i < 16; ++i) {
    if (i == 4 || i == 6 || i == 8 || i == 10) text += '-';
    text += fmt::format("{:02x}", hash[i]);
  }
  return "<urn:uuid:" + text + ">";
}

std::string name_of(const http::ExchangeId& id, std::string_view what) {
  return fmt::format("{}-{} {}", hex({reinterpret_cast<const char*>(id.recording.data()), id.recording.size()}),
                     id.ordinal, what);
}

/// `192.0.2.1`, `2001:db8::1`; empty if unknown.
std::string address_of(const http::Exchange& exchange) {
  if (!exchange.connection) return {};
  std::string text = to_string(exchange.connection->server);
  text = text.substr(0, text.rfind(':'));
  if (text.starts_with('[')) text = text.substr(1, text.size() - 2);
  return text;
}

/// Empty if no host is known.
std::string uri_of(const http::Exchange& exchange) {
  const std::string_view target = http::request_line_of(exchange.request.head).target;
  if (!http::authority_of(target).empty()) return std::string(target);
  std::string host(http::host_of(exchange.request.head));
  if (host.empty() && exchange.connection) host = to_string(exchange.connection->server);
  if (host.empty()) return {};
  const bool secure = exchange.connection && over_tls(*exchange.connection);
  return fmt::format("{}://{}{}", secure ? "https" : "http", host, target.starts_with('/') ? target : "");
}

class WarcExporter final : public Exporter {
 public:
  WarcExporter(ByteSink& to, Compression compression, std::string_view tool_version)
      : x_out(to, compression), x_tool_version(tool_version) {}

  Result<void> add_stored(StoredExchange stored, const ReadBody& read) override {
    const http::Exchange& exchange = stored.exchange;
    const std::string uri = exchange.has_request() ? uri_of(exchange) : std::string();
    const std::string_view why_not = exchange.version > http::Version::http_1_1 ? "not_http_1"
                                     : !exchange.has_request()                  ? "response_alone"
                                     : uri.empty()                              ? "host_unknown"
                                                                                : "";
    if (!why_not.empty()) {
      ++x_skipped[std::string(why_not)];
      return {};
    }
    if (auto begun = begin(exchange.request.first); !begun) return begun;
    if (auto written = write_side(stored, Side::request, uri, read); !written) return written;
    ++x_written;
    return exchange.has_response() ? write_side(stored, Side::response, uri, read) : Result<void>();
  }
  Result<void> finish() override { return begin(Time{}); }
  std::uint64_t written() const override { return x_written; }
  const Skipped& skipped() const override { return x_skipped; }

 private:
  /// What made the file, once.
  Result<void> begin(Time now) {
    if (x_begun) return {};
    x_begun = true;
    const std::string block = fmt::format("software: tapedeck/{}\r\nformat: WARC File Format 1.1\r\n", x_tool_version);
    std::string record = record_head("warcinfo", uuid_of(warc_date(now) + " warcinfo"), now,
                                     "Content-Type: application/warc-fields\r\n", block.size());
    record += block;
    record += kRecordEnd;
    return x_out.write_member(record);
  }

  struct Digests {
    std::string payload;
    std::string block;
  };

  /// Read twice: digests stand before what they are of.
  Result<void> write_side(const StoredExchange& stored, Side side, const std::string& uri, const ReadBody& read) {
    const WirePieces pieces(stored, side, read);
    WarcSha1 payload;
    WarcSha1 block;
    block.add(pieces.frame().before);
    const auto hashed = pieces.visit_body([&](std::string_view piece) -> Result<void> {
      payload.add(piece);
      block.add(piece);
      return {};
    });
    if (!hashed) return hashed;
    block.add(pieces.frame().behind);
    const Digests digests{payload.text(), block.text()};
    const std::string head = record_head(stored.exchange, side, uri, digests, pieces.size());
    return x_out.write_member([&](const BodyVisitor& write) {
      if (auto done = write(head); !done) return done;
      if (auto done = pieces.visit(write); !done) return done;
      return write(kRecordEnd);
    });
  }

  static std::string record_head(const http::Exchange& exchange, Side side, const std::string& uri,
                                 const Digests& digests, std::uint64_t block_bytes) {
    const bool is_request = side == Side::request;
    const http::Message& message = message_of(exchange, side);
    const std::string ids[] = {uuid_of(name_of(exchange.id, "request")), uuid_of(name_of(exchange.id, "response"))};
    const std::string word = is_request ? "request" : "response";
    std::string fields = fmt::format("WARC-Target-URI: {}\r\n", uri);
    if (exchange.has_response()) fields += fmt::format("WARC-Concurrent-To: {}\r\n", ids[is_request ? 1 : 0]);
    if (const std::string address = address_of(exchange); !address.empty()) {
      fields += fmt::format("WARC-IP-Address: {}\r\n", address);
    }
    if (const std::string_view why = why_not_whole(exchange, side); why.empty()) {
      fields += fmt::format("WARC-Payload-Digest: {}\r\n", digests.payload);
    } else {
      fields += fmt::format("WARC-Truncated: {}\r\n", why.ends_with("_truncated") ? "length" : "unspecified");
    }
    fields += fmt::format("WARC-Block-Digest: {}\r\n", digests.block);
    fields += fmt::format("Content-Type: application/http; msgtype={}\r\n", word);
    return record_head(word, ids[is_request ? 0 : 1], message.first, fields, block_bytes);
  }

  static std::string record_head(std::string_view type, std::string_view id, Time date, std::string_view fields,
                                 std::uint64_t block_bytes) {
    return fmt::format(
        "WARC/1.1\r\nWARC-Type: {}\r\nWARC-Record-ID: {}\r\nWARC-Date: {}\r\n{}Content-Length: {}\r\n\r\n", type, id,
        warc_date(date), fields, block_bytes);
  }

  MemberWriter x_out;
  std::string x_tool_version;
  bool x_begun = false;
  std::uint64_t x_written = 0;
  Skipped x_skipped;
};

}  // namespace

std::unique_ptr<Exporter> make_warc_exporter(ByteSink& to, Compression compression, std::string_view tool_version) {
  return std::make_unique<WarcExporter>(to, compression, tool_version);
}

}  // namespace tapedeck::format
