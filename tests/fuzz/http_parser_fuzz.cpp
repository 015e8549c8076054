// Both sides and modes of the HTTP/1.1 parser. The first byte chooses them, the second seeds the splits, the rest is
// the traffic. Any split must give the same events, an observer must read what strict mode accepts in the same way,
// and what is rebuilt must be accepted.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "http/forwarding.hpp"
#include "tests/support/parse_script.hpp"

using namespace tapedeck;
using namespace tapedeck::http;

namespace {

struct Choice {
  Side side;
  RequestFacts facts;
  std::uint64_t gap;  // bytes lost behind the first piece
  unsigned seed;
};

std::string parse(const Choice& choice, Mode mode, std::string_view bytes, bool split) {
  test::ParseScript script(choice.side, mode, test::limits_for(choice.side, mode));
  script.answers(choice.facts);
  unsigned random = choice.seed;
  while (!bytes.empty()) {
    random = random * 1664525u + 1013904223u;
    const auto piece = split ? bytes.substr(0, 1 + (random >> 16) % 40) : bytes;
    if (!script.feed(piece)) break;
    if (choice.gap > 0 && script.events().size() == 1) script.gap(choice.gap);
    bytes.remove_prefix(piece.size());
  }
  script.end_of_input(Ending::fin);
  std::string events;
  for (const auto& event : script.events()) events += event + "\n";
  return split || mode == Mode::observe ? events : script.text();
}

void require(bool what) {
  if (!what) std::abort();
}

/// The first head, rebuilt, must be accepted and rebuild to itself.
void rebuild(const Choice& choice, std::string_view bytes) {
  std::string once;
  std::string twice;
  bool settled = true;  // but for a Host that is only now filled in, and the hops counted down
  for (auto* out : {&once, &twice}) {
    FieldTable table;
    const auto limits = test::limits_for(choice.side, Mode::strict);
    ParserLimits roomy = limits;  // a rebuilt head may be a little longer
    roomy.head_bytes *= 2;
    roomy.target_bytes *= 2;
    MessageParser parser(choice.side, Mode::strict, out == &once ? limits : roomy, table);
    parser.answers(choice.facts);
    const auto event = parser.next(as_bytes(bytes));
    if (out == &once && event.step != Step::head) return;
    require(event.step == Step::head);
    const auto& head = parser.head();
    if (out == &once && choice.side == Side::request) settled = head.find("host") && !head.find("max-forwards");
    ForwardPolicy policy;
    policy.forwarded = ForwardedHeaders::replace;
    policy.upstream_authority = "origin";
    const Hop hop{"192.0.2.1", "http"};
    const auto length = parser.content_length();
    if (choice.side == Side::request) {
      rebuild_request(head, parser.framing(), length, hop, policy, *out);
    } else {
      rebuild_response(head, parser.framing(), length, choice.facts, true, "now", *out);
    }
    if (once.empty()) return;  // an interim response to a 1.0 client
    bytes = once;
  }
  if (settled) require(once == twice);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  Choice choice{(data[0] & 1) != 0 ? Side::response : Side::request, {}, static_cast<unsigned>(data[0]) >> 5, data[1]};
  choice.facts.is_head = (data[0] & 2) != 0;
  choice.facts.asks_upgrade = (data[0] & 4) != 0;
  if ((data[0] & 8) != 0) choice.facts.version = Version::http_1_0;
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 2, size - 2);
  Choice whole = choice;
  whole.gap = 0;
  const auto strict = parse(whole, Mode::strict, bytes, true);
  const auto strict_at_once = parse(whole, Mode::strict, bytes, false);
  require(strict_at_once.starts_with(strict));
  const auto observed = parse(whole, Mode::observe, bytes, true);
  require(observed == parse(whole, Mode::observe, bytes, false));
  const auto verdict = strict.rfind("rejected\n");
  const bool refused = verdict != std::string::npos && verdict + 9 == strict.size();
  if (!refused) require(strict == observed);
  parse(choice, Mode::observe, bytes, true);
  rebuild(choice, bytes);
  return 0;
}
