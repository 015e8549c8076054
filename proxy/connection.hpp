#pragma once
#include <memory>
#include <optional>

#include <boost/smart_ptr/intrusive_ptr.hpp>

#include "net/deadline_wheel.hpp"
#include "net/socket.hpp"
#include "net/upstreams.hpp"
#include "proxy/relay.hpp"

namespace tapedeck::proxy {

class Connection;

/// What a worker gives its connections.
struct ConnectionHome {
  virtual ~ConnectionHome() = default;
  virtual Now now() const = 0;
  virtual net::DeadlineWheel& wheel() = 0;
  virtual net::Upstreams& upstreams() = 0;
  /// The last call of a connection.
  virtual void gone(Connection& connection) = 0;
};

/// The sockets of one client connection; does what its relay says. Owners: the worker, the waits under way.
class Connection final : public net::Counted<Connection>, private net::UpstreamUser, private net::DeadlineWheel::Entry {
 public:
  Connection(ConnectionHome& home, net::Socket client, RelayContext context,
             std::shared_ptr<const http::Connection> facts);

  void start();
  void drain() { tell({.kind = Input::Kind::draining}); }
  void cut() { tell({.kind = Input::Kind::cut}); }

 private:
  void due(MonoTime now) override;
  void dialled(boost::intrusive_ptr<net::Upstream> upstream, bool no_address) override;
  void upstream_readable() override;
  void upstream_writable() override;
  void client_readable();
  void client_writable();

  void tell(const Input& input);
  void run(const Input& input);
  std::optional<Input> at_once();
  std::optional<Input> connect();
  void release_upstream();
  std::optional<Input> write();
  std::optional<Input> write_to(End end, net::Socket& socket, bool& blocked);
  void read(End end, net::Socket& socket);
  bool wants_read(End end, const net::Socket& socket) const;
  void wait();
  void wait_client_readable();
  void wait_client_writable();
  void finish();

  ConnectionHome& x_home;
  net::Socket x_client;
  Relay x_relay;
  Actions x_actions;
  boost::intrusive_ptr<net::Upstream> x_upstream;
  boost::intrusive_ptr<net::Dial> x_dial;
  bool x_client_waits = false;
  bool x_client_waits_write = false;
  bool x_client_blocked = false;  // a write was short: wait before the next
  bool x_upstream_blocked = false;
  bool x_finished = false;
};

}  // namespace tapedeck::proxy
