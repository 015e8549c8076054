#pragma once
#include <cstdint>

#include "http/exchange.hpp"
#include "http/rules.hpp"

namespace tapedeck::http {

/// strict: in front of production, refuses what has more than one reading. observe: reports what passed between two
/// others, refuses nothing that it can frame.
enum class Mode : std::uint8_t { strict, observe };

/// Decides what a finding in a message means for this side and mode, and keeps the book of findings. The calls that
/// return true say: stop here, `why` and `status` are set.
struct Judge {
  Side side;
  Mode mode;
  RuleSet fired;
  Rule why = Rule::none;
  std::uint16_t status = 0;
  bool in_doubt = false;  // something touched the framing: the connection is not used again

  void note(Rule rule) { fired.add(rule); }
  /// Another honest reader may frame this message differently.
  void doubt_framing() {
    in_doubt = true;
    if (mode == Mode::observe) fired.add(Rule::framing_ambiguous);
  }
  /// Nobody can go on behind this.
  [[nodiscard]] bool gives_up(Rule rule, std::uint16_t answer = 400) {
    fired.add(rule);
    why = rule;
    status = side == Side::request ? answer : 502;
    return true;
  }
  /// Strict mode stops, observe mode takes note.
  [[nodiscard]] bool refuses(Rule rule, std::uint16_t answer = 400) {
    if (mode == Mode::strict) return gives_up(rule, answer);
    fired.add(rule);
    return false;
  }
  /// Strict mode stops at it in a request; a response is mended on its way.
  [[nodiscard]] bool refuses_request(Rule rule, std::uint16_t answer = 400) {
    if (side == Side::request) return refuses(rule, answer);
    fired.add(rule);
    return false;
  }
};

}  // namespace tapedeck::http
