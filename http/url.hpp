#pragma once
#include <cstdint>
#include <string>
#include <string_view>

#include "base/error.hpp"

namespace tapedeck::http {

/// Where to connect: `http://host[:port]`, `https://...`, a port alone (loopback), `unix:/PATH`. No path, query or
/// user.
struct Origin {
  std::string scheme = "http";
  std::string host;  // without brackets; empty for a Unix socket
  std::uint16_t port = 80;
  std::string unix_path;
  std::string authority() const;  // host[:port] as in a Host header, port left out if the scheme's own
  std::string text() const;       // as a URL
  bool operator==(const Origin&) const = default;
};

/// An error says what is wrong with `text` and gives a right example.
Result<Origin> parse_origin(std::string_view text);

/// `ADDR:PORT`, `[v6]:PORT`, `PORT` (loopback), `unix:/PATH`: where to listen.
struct ListenAddress {
  std::string host;
  std::uint16_t port = 0;
  std::string unix_path;
  std::string text() const;
};
Result<ListenAddress> parse_listen_address(std::string_view text);

/// The parts of a request target: `/a/b?x=1` -> path `/a/b`, query `x=1`. An absolute target loses scheme and
/// authority.
struct TargetParts {
  std::string_view path;
  std::string_view query;
};
TargetParts split_target(std::string_view target);

/// The authority of an absolute target (`http://user@host:80/a` -> `user@host:80`); empty if the target is not
/// absolute.
std::string_view authority_of(std::string_view target);

}  // namespace tapedeck::http
