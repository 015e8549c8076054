#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/time.hpp"
#include "http/exchange.hpp"

namespace tapedeck::format {

/// Between two records of a .gor file; may be missing behind the last.
inline constexpr std::string_view kGorSeparator = "\n\xf0\x9f\x90\xb5\xf0\x9f\x99\x88\xf0\x9f\x99\x89\n";
/// A header line is shorter.
inline constexpr std::size_t kMaxGorHeader = 512;

enum class GorType : char { request = '1', response = '2', replayed = '3' };

/// The line in front of each record: `type id ns [latency]`.
struct GorHeader {
  GorType type{};
  std::string id;
  Time first{};
  Time last{};
};

/// `line` without its LF. Nothing if it is no header.
std::optional<GorHeader> parse_gor_header(std::string_view line);

/// What an id of 24 hex digits says in its first 8 bytes: ports and client of the connection. Nothing if it is another
/// kind of id.
struct GorConnection {
  std::string key;
  http::SocketAddress client;
};
std::optional<GorConnection> gor_connection_of(std::string_view id);

}  // namespace tapedeck::format
