#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "tests/support/packet_builder.hpp"

namespace tapedeck::test {

/// A TCP connection told packet by packet, a millisecond apart. Each segment acknowledges all that the other side sent.
class Conversation {
 public:
  struct Setup {
    std::string client = "10.0.0.1:40000";
    std::string server = "10.0.0.2:80";
    std::uint32_t client_sequence = 1000;
    std::uint32_t server_sequence = 500000;
    std::int64_t start_ms = 1'700'000'000'000;
    std::size_t segment = 1460;
  };
  Conversation() : Conversation(Setup()) {}
  explicit Conversation(Setup setup);

  Conversation& handshake();
  /// Data, cut into segments, then an ACK of the other side.
  Conversation& client(std::string_view data);
  Conversation& server(std::string_view data);
  /// Data in one segment, without ACK.
  Conversation& client_segment(std::string_view data);
  Conversation& server_segment(std::string_view data);
  Conversation& client_ack();
  Conversation& server_ack();
  Conversation& client_fin();
  Conversation& server_fin();
  Conversation& client_reset();
  Conversation& server_reset();
  Conversation& close() { return client_fin().server_fin(); }
  Conversation& wait_ms(std::int64_t ms);
  /// The packet told last never reaches the capture.
  Conversation& lose();
  /// Data sent and acknowledged that the capture does not have.
  Conversation& lose_client(std::string_view data);
  Conversation& lose_server(std::string_view data);
  /// Lone packets of another connection, so that waits counted in packets end.
  Conversation& others(std::size_t count);

  const std::vector<BuiltPacket>& packets() const { return x_packets; }

 private:
  struct End {
    http::SocketAddress address;
    std::uint32_t next;
  };
  Conversation& send(End& from, End& to, const std::string& flags, std::string_view data);

  End x_client;
  End x_server;
  std::int64_t x_ms;
  std::size_t x_segment;
  std::vector<BuiltPacket> x_packets;
};

/// `HTTP/1.1 200 OK` with Content-Length.
std::string response_with(std::string_view body, std::string_view status = "200 OK");
std::string get(std::string_view target);
std::string post(std::string_view target, std::string_view body);

}  // namespace tapedeck::test
