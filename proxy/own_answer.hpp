#pragma once
#include <cstdint>
#include <string>
#include <string_view>

namespace tapedeck::proxy {

/// An answer that is the proxy's own, not the upstream's. It quotes nothing from the request.
struct OwnAnswer {
  std::uint16_t status = 502;
  std::string_view error;  // a token of RFC 9209
};

struct OwnAnswerTo {
  bool is_head = false;
  bool client_stays = false;
  std::string_view date;
};

/// Appends the whole message.
void append_own_answer(const OwnAnswer& answer, const OwnAnswerTo& to, std::string& out);

}  // namespace tapedeck::proxy
