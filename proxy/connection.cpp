#include "proxy/connection.hpp"

#include <utility>

namespace tapedeck::proxy {
namespace {

// Reads in a row before others on the loop have their turn.
constexpr int kReads = 8;

}  // namespace

Connection::Connection(ConnectionHome& home, net::Socket client, RelayContext context,
                       std::shared_ptr<const http::Connection> facts)
    : x_home(home), x_client(std::move(client)), x_relay(context, std::move(facts)) {}

void Connection::start() {
  x_actions = x_relay.start(x_home.now());
  wait();
}

void Connection::due(MonoTime) { tell({.kind = Input::Kind::due}); }

void Connection::dialled(boost::intrusive_ptr<net::Upstream> upstream, bool no_address) {
  x_dial.reset();
  if (!upstream) {
    return tell({.kind = Input::Kind::connect_failed,
                 .why = no_address ? ConnectFailure::no_address : ConnectFailure::refused});
  }
  x_upstream = std::move(upstream);
  x_upstream->set_user(this);
  tell({.kind = Input::Kind::connected});
}

void Connection::upstream_readable() {
  const boost::intrusive_ptr<Connection> alive(this);
  read(End::upstream, x_upstream->socket());
  wait();
}

void Connection::client_readable() {
  read(End::client, x_client);
  wait();
}

void Connection::upstream_writable() {
  const boost::intrusive_ptr<Connection> alive(this);
  x_upstream_blocked = false;
  if (const auto input = write()) run(*input);
  wait();
}

void Connection::client_writable() {
  x_client_blocked = false;
  if (const auto input = write()) run(*input);
  wait();
}

void Connection::tell(const Input& input) {
  const boost::intrusive_ptr<Connection> alive(this);
  run(input);
  wait();
}

// Until the relay can only wait.
void Connection::run(const Input& input) {
  std::optional<Input> next = input;
  while (next && !x_finished) {
    x_actions = x_relay.on(*next, x_home.now());
    next = at_once();
    if (x_relay.closed()) return finish();
    if (!next) next = write();
  }
}

std::optional<Input> Connection::at_once() {
  if (x_actions.release == Actions::Release::keep && x_upstream) {
    x_upstream->set_user(nullptr);
    x_home.upstreams().keep(std::move(x_upstream), x_home.now().mono, x_actions.keep_for);
  }
  if (x_actions.release != Actions::Release::none) release_upstream();
  if (x_actions.finish_upstream && x_upstream) net::shutdown_send(x_upstream->socket());
  if (x_actions.finish_client) net::shutdown_send(x_client);
  return x_actions.connect == Actions::Connect::none ? std::nullopt : connect();
}

void Connection::release_upstream() {
  if (x_dial) net::Upstreams::cancel(*std::exchange(x_dial, nullptr));
  if (x_upstream) {
    x_upstream->set_user(nullptr);
    net::close(x_upstream->socket());
    x_upstream.reset();
  }
  x_upstream_blocked = false;
}

std::optional<Input> Connection::connect() {
  net::Upstreams& upstreams = x_home.upstreams();
  if (x_actions.connect != Actions::Connect::fresh) {
    const bool recent = x_actions.connect == Actions::Connect::recent;
    const std::optional<Duration> within = recent ? std::optional<Duration>(std::chrono::seconds(1)) : std::nullopt;
    x_upstream = upstreams.take_idle(x_home.now().mono, within);
  }
  if (!x_upstream) {
    x_dial = upstreams.dial(*this);
    return std::nullopt;
  }
  x_upstream->set_user(this);
  return Input{.kind = Input::Kind::connected, .pooled = true};
}

std::optional<Input> Connection::write() {
  if (x_finished) return std::nullopt;
  if (x_actions.write_upstream && !x_upstream_blocked) {
    if (auto input = write_to(End::upstream, x_upstream->socket(), x_upstream_blocked)) return input;
  }
  if (x_actions.write_client && !x_client_blocked) return write_to(End::client, x_client, x_client_blocked);
  return std::nullopt;
}

std::optional<Input> Connection::write_to(End end, net::Socket& socket, bool& blocked) {
  const auto pieces = x_relay.output(end);
  const net::IoResult result = net::write_some(socket, pieces);
  switch (result.io) {
    case net::Io::done: return Input{.kind = Input::Kind::written, .end = end, .bytes = result.bytes};
    case net::Io::would_block: blocked = true; return std::nullopt;
    case net::Io::end:
    case net::Io::failed: break;
  }
  return Input{.kind = Input::Kind::write_failed, .end = end};
}

// The upstream's socket may have become another's, or another the upstream's, since the last read.
bool Connection::wants_read(End end, const net::Socket& socket) const {
  if (x_finished) return false;
  if (end == End::client) return x_actions.read_client;
  return x_actions.read_upstream && x_upstream && &x_upstream->socket() == &socket;
}

// A read that fills the room is followed by another: there may be more, and waiting costs a system call.
void Connection::read(End end, net::Socket& socket) {
  for (int i = 0; i < kReads && wants_read(end, socket); ++i) {
    const Bytes room = x_relay.room(end);
    if (room.empty()) return;
    const net::IoResult result = net::read_some(socket, room);
    switch (result.io) {
      case net::Io::done: run({.kind = Input::Kind::bytes, .end = end, .bytes = result.bytes}); break;
      case net::Io::would_block: return x_relay.no_bytes(end);
      case net::Io::end: x_relay.no_bytes(end); return run({.kind = Input::Kind::ended, .end = end});
      case net::Io::failed: x_relay.no_bytes(end); return run({.kind = Input::Kind::broken, .end = end});
    }
    if (result.bytes < room.size()) return;
  }
}

// What the relay waits for; waits that are under way stay.
void Connection::wait() {
  if (x_finished) return;
  if (x_actions.read_client) wait_client_readable();
  if (x_actions.read_upstream && x_upstream) x_upstream->wait_readable();
  if (x_actions.write_upstream && x_upstream_blocked) x_upstream->wait_writable();
  if (x_actions.write_client && x_client_blocked) wait_client_writable();
  if (x_actions.deadline) {
    x_home.wheel().set(*this, *x_actions.deadline);
  } else {
    x_home.wheel().clear(*this);
  }
}

void Connection::wait_client_readable() {
  if (x_client_waits) return;
  x_client_waits = true;
  x_client.async_wait(net::Socket::wait_read, [self = boost::intrusive_ptr(this)](const error_code& error) {
    self->x_client_waits = false;
    if (!error && !self->x_finished && self->x_actions.read_client) self->client_readable();
  });
}

void Connection::wait_client_writable() {
  if (x_client_waits_write) return;
  x_client_waits_write = true;
  x_client.async_wait(net::Socket::wait_write, [self = boost::intrusive_ptr(this)](const error_code& error) {
    self->x_client_waits_write = false;
    if (!error && !self->x_finished) self->client_writable();
  });
}

void Connection::finish() {
  x_finished = true;
  release_upstream();
  x_home.wheel().clear(*this);
  if (x_actions.close_client == Actions::Close::abort) {
    net::close_abortively(x_client);
  } else {
    net::close(x_client);
  }
  x_home.gone(*this);
}

}  // namespace tapedeck::proxy
