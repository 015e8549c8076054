#include "tests/support/conversation.hpp"

#include <algorithm>

namespace tapedeck::test {

Conversation::Conversation(Setup setup)
    : x_client{address(setup.client), setup.client_sequence},
      x_server{address(setup.server), setup.server_sequence},
      x_ms(setup.start_ms),
      x_segment(setup.segment) {}

Conversation& Conversation::send(End& from, End& to, const std::string& flags, std::string_view data) {
  TcpSpec spec;
  spec.from = from.address;
  spec.to = to.address;
  spec.sequence = from.next;
  spec.acknowledgment = to.next;
  spec.flags = flags;
  spec.payload = std::string(data);
  x_packets.push_back({.time = time_from_ns(x_ms++ * 1'000'000), .bytes = ethernet(ip_packet(spec))});
  from.next += static_cast<std::uint32_t>(data.size());
  if (flags.find_first_of("SF") != std::string::npos) ++from.next;
  return *this;
}

Conversation& Conversation::handshake() {
  const std::uint32_t server_next = x_server.next;
  x_server.next = 0;  // a SYN acknowledges nothing
  send(x_client, x_server, "S", "");
  x_server.next = server_next;
  send(x_server, x_client, "SA", "");
  return client_ack();
}

Conversation& Conversation::client_segment(std::string_view data) { return send(x_client, x_server, "PA", data); }
Conversation& Conversation::server_segment(std::string_view data) { return send(x_server, x_client, "PA", data); }
Conversation& Conversation::client_ack() { return send(x_client, x_server, "A", ""); }
Conversation& Conversation::server_ack() { return send(x_server, x_client, "A", ""); }
Conversation& Conversation::client_fin() { return send(x_client, x_server, "FA", ""); }
Conversation& Conversation::server_fin() { return send(x_server, x_client, "FA", ""); }
Conversation& Conversation::client_reset() { return send(x_client, x_server, "RA", ""); }
Conversation& Conversation::server_reset() { return send(x_server, x_client, "RA", ""); }

Conversation& Conversation::client(std::string_view data) {
  for (; !data.empty(); data.remove_prefix(std::min(data.size(), x_segment))) client_segment(data.substr(0, x_segment));
  return server_ack();
}

Conversation& Conversation::server(std::string_view data) {
  for (; !data.empty(); data.remove_prefix(std::min(data.size(), x_segment))) server_segment(data.substr(0, x_segment));
  return client_ack();
}

Conversation& Conversation::wait_ms(std::int64_t ms) {
  x_ms += ms;
  return *this;
}

Conversation& Conversation::lose() {
  x_packets.pop_back();
  return *this;
}

Conversation& Conversation::lose_client(std::string_view data) { return client_segment(data).lose().server_ack(); }
Conversation& Conversation::lose_server(std::string_view data) { return server_segment(data).lose().client_ack(); }

Conversation& Conversation::others(std::size_t count) {
  End from{address("192.0.2.1:9"), 1};
  End to{address("192.0.2.2:9"), 1};
  for (std::size_t i = 0; i < count; ++i) send(from, to, "A", "");
  return *this;
}

std::string response_with(std::string_view body, std::string_view status) {
  return "HTTP/1.1 " + std::string(status) + "\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" +
         std::string(body);
}

std::string get(std::string_view target) { return "GET " + std::string(target) + " HTTP/1.1\r\nHost: a\r\n\r\n"; }

std::string post(std::string_view target, std::string_view body) {
  return "POST " + std::string(target) + " HTTP/1.1\r\nHost: a\r\nContent-Length: " + std::to_string(body.size()) +
         "\r\n\r\n" + std::string(body);
}

}  // namespace tapedeck::test
