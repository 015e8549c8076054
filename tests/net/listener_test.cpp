#include "net/listener.hpp"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <unistd.h>

#include "tests/support/peer.hpp"

using namespace tapedeck;
using namespace tapedeck::net;

namespace {

http::ListenAddress loopback(std::uint16_t port) {
  http::ListenAddress address;
  address.host = "127.0.0.1";
  address.port = port;
  return address;
}

std::string message_of(const http::ListenAddress& address) {
  auto opened = Listeners::open(address, 1);
  return opened ? std::string() : opened.error().message;
}

}  // namespace

TEST_CASE("port 0 gives one free port to all loops") {
  auto listeners = Listeners::open(loopback(0), 3);
  REQUIRE(listeners.has_value());
  CHECK(listeners->port() != 0);
  test::Peer::connect(listeners->port());
}

TEST_CASE("a port that somebody listens on is refused, though listeners of one proxy share theirs") {
  auto first = Listeners::open(loopback(0), 2);
  REQUIRE(first.has_value());
  const std::string message = message_of(loopback(first->port()));
  CHECK(message.find("choose another port") != std::string::npos);
}

TEST_CASE("an address of another machine is refused in words") {
  http::ListenAddress address;
  address.host = "192.0.2.1";
  CHECK(message_of(address).find("no address of this machine") != std::string::npos);
}

TEST_CASE("a Unix socket is made, shared, and removed; what is no socket is left alone") {
  http::ListenAddress address;
  address.unix_path = "/tmp/tapedeck-listener-test-" + std::to_string(::getpid());
  {
    auto listeners = Listeners::open(address, 2);
    REQUIRE(listeners.has_value());
    test::Peer::connect_unix(address.unix_path);
    CHECK(message_of(address).find("choose another port") != std::string::npos);
  }
  CHECK(::access(address.unix_path.c_str(), F_OK) != 0);
  REQUIRE(::close(::creat(address.unix_path.c_str(), 0600)) == 0);
  CHECK_FALSE(message_of(address).empty());
  CHECK(::unlink(address.unix_path.c_str()) == 0);
}
