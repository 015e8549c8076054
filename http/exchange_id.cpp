#include "http/exchange_id.hpp"

#include <fmt/format.h>

namespace tapedeck::http {

std::string to_string(const ExchangeId& id) {
  const RecordingId& r = id.recording;
  return fmt::format("{:02x}{:02x}{:02x}{:02x}-{}", r[0], r[1], r[2], r[3], id.ordinal);
}

}  // namespace tapedeck::http
