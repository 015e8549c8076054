#include <map>
#include <optional>
#include <string>
#include <string_view>

#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>
#include <doctest/doctest.h>

#include "http/parser.hpp"
#include "tests/support/http_generator.hpp"
#include "tests/support/parse_script.hpp"

using namespace tapedeck;
using namespace tapedeck::http;
namespace beast = boost::beast::http;

namespace {

/// Where the first message ends and what its body is.
struct Framed {
  std::size_t size = 0;
  std::string body;
  bool operator==(const Framed&) const = default;
};

/// Nothing if strict mode does not take the bytes as a whole message.
std::optional<Framed> framed_by_us(Side side, std::string_view bytes) {
  FieldTable table;
  const auto limits = test::limits_for(side, Mode::strict);
  MessageParser parser(side, Mode::strict, limits, table);
  Framed framed;
  while (true) {
    auto event = parser.next(as_bytes(bytes));
    if (event.step == Step::need_more) {
      framed.size += event.consumed;
      event = parser.end_of_input(Ending::fin);
      if (event.step == Step::need_more) return std::nullopt;
    }
    if (event.step == Step::rejected || event.step == Step::tunnel) return std::nullopt;
    framed.size += event.consumed;
    bytes.remove_prefix(event.consumed);
    if (event.step == Step::body) append(framed.body, event.bytes);
    if (event.step == Step::end) return framed;
  }
}

struct ByBeast {
  Framed framed;
  boost::system::error_code error;
};

/// What Beast refuses and strict mode passes or mends on purpose: docs/http-rules.md names the rule.
const std::map<std::string, std::string> kOursAlone = {
    {"bad method", "leading_crlf: empty lines in front of a request"},
    {"bad version", "version: HTTP/1.2 to 1.9 are read as 1.1"},
    {"bad status", "status_line: no space before an empty reason"},
    {"bad field", "space_before_colon: removed from a response"},
    {"bad value", "field_value: controls other than NUL pass in a response"},
    {"multiple Content-Length", "bodyless_fields: removed from 1xx and 204, whatever they say"},
    {"bad Content-Length", "trailer_forbidden: Beast reads trailers as header fields, we drop such ones"},
    {"bad Transfer-Encoding", "trailer_forbidden"},
    {"bad chunk extension", "chunk_size: spaces behind a chunk size are removed from a response"},
};

template <bool kIsRequest>
ByBeast framed_by_beast(std::string_view bytes) {
  ByBeast result;
  beast::parser<kIsRequest, beast::string_body> parser;
  parser.eager(true);
  parser.body_limit(boost::none);
  while (!parser.is_done() && !result.error) {
    if (bytes.empty()) {
      parser.put_eof(result.error);
      break;
    }
    const auto used = parser.put(boost::asio::buffer(bytes.data(), bytes.size()), result.error);
    if (result.error == beast::error::need_more) {
      result.error = {};
      parser.put_eof(result.error);
      break;
    }
    result.framed.size += used;
    bytes.remove_prefix(used);
  }
  result.framed.body = parser.get().body();
  return result;
}

}  // namespace

TEST_CASE("codec: what strict mode accepts, Beast frames in the same way") {
  int compared = 0;
  for (std::uint32_t seed = 1; seed <= 6000; ++seed) {
    CAPTURE(seed);
    test::HttpGenerator generator(seed);
    for (const auto side : {Side::request, Side::response}) {
      auto bytes = generator.message(side) + generator.message(side);
      if (seed % 2 == 0) bytes = generator.damaged(bytes);
      CAPTURE(bytes);
      const auto ours = framed_by_us(side, bytes);
      if (!ours) continue;
      const auto theirs = side == Side::request ? framed_by_beast<true>(bytes) : framed_by_beast<false>(bytes);
      if (theirs.error) {
        CHECK_MESSAGE(kOursAlone.contains(theirs.error.message()), theirs.error.message());
        continue;
      }
      ++compared;
      CHECK(theirs.framed.size == ours->size);
      CHECK(theirs.framed.body == ours->body);
    }
  }
  CHECK(compared > 1000);
}
