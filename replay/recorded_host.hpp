#pragma once
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "http/exchange.hpp"
#include "http/url.hpp"

namespace tapedeck::replay {

/// Tells whether a target is the very system that was recorded: its name and port in a Host, or its address and port in
/// a Host, as the upstream, or as the server. Any spelling: case, a trailing dot, the default port, any form of an IP
/// address.
class RecordedHostGuard {
 public:
  /// `addresses`: what the target's name means, with the port.
  RecordedHostGuard(const http::Origin& target, const std::vector<http::SocketAddress>& addresses);

  /// Where the target is met in this exchange (`Host`, `upstream`, `server`); empty if it is not.
  std::string_view met_in(const http::Exchange& exchange);

 private:
  bool is_target(const http::SocketAddress& address) const { return x_addresses.contains(address); }
  bool host_is_target(std::string_view host, bool tls) const;

  std::string x_name;  // normal form; empty for a Unix socket
  std::uint16_t x_port = 0;
  std::set<http::SocketAddress> x_addresses;
  std::string x_last_host;  // the answer for the host just asked for
  bool x_last_tls = false;
  bool x_last_answer = false;
};

}  // namespace tapedeck::replay
