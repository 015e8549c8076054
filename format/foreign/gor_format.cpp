#include "format/foreign/gor_format.hpp"

#include <algorithm>

#include "base/whole_number.hpp"

namespace tapedeck::format {
namespace {

constexpr std::size_t kMaxId = 128;

std::string_view take_word(std::string_view& line) {
  const std::size_t end = std::min(line.find(' '), line.size());
  const std::string_view word = line.substr(0, end);
  line.remove_prefix(std::min(end + 1, line.size()));
  return word;
}

}  // namespace

std::optional<GorHeader> parse_gor_header(std::string_view line) {
  if (line.ends_with('\r')) line.remove_suffix(1);
  const std::string_view type = take_word(line);
  const std::string_view id = take_word(line);
  const auto first = whole_number<std::int64_t>(take_word(line));
  const std::string_view fourth = take_word(line);
  if (type.size() != 1 || type.front() < '1' || type.front() > '3' || !line.empty()) return std::nullopt;
  if (id.empty() || id.size() > kMaxId || !first || *first < 0) return std::nullopt;
  const auto latency = fourth.empty() ? 0 : whole_number<std::int64_t>(fourth);
  if (!latency) return std::nullopt;
  GorHeader header{static_cast<GorType>(type.front()), std::string(id), time_from_ns(*first), time_from_ns(*first)};
  if (*latency > 0 && *latency <= INT64_MAX - *first) header.last += Duration(*latency);
  return header;
}

std::optional<GorConnection> gor_connection_of(std::string_view id) {
  if (id.size() != 24) return std::nullopt;
  const auto client_port = whole_number<std::uint16_t>(id.substr(0, 4), 16);
  const auto server_port = whole_number<std::uint16_t>(id.substr(4, 4), 16);
  const auto address = whole_number<std::uint32_t>(id.substr(8, 8), 16);
  const auto unique = whole_number<std::uint32_t>(id.substr(16), 16);
  if (!client_port || !server_port || !address || !unique) return std::nullopt;
  if (*client_port == 0 || *server_port == 0 || *address == 0) return std::nullopt;
  GorConnection connection{std::string(id.substr(0, 16)), {}};
  connection.client.size = 4;
  connection.client.port = *client_port;
  for (unsigned i = 0; i < 4; ++i) connection.client.bytes[i] = static_cast<std::uint8_t>(*address >> (24 - 8 * i));
  return connection;
}

}  // namespace tapedeck::format
