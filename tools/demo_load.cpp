#include "tools/demo_load.hpp"

#include <cmath>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/string_body.hpp>

#include "tools/demo_shopper.hpp"

namespace tapedeck::tools {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
using boost::system::error_code;

/// The whole run's requests, numbered; connection c sends c, c + connections, c + 2 * connections ...
struct Plan {
  DemoLoadOptions options;
  MonoTime start;
  std::uint64_t total;

  MonoTime due(std::uint64_t number) const {
    return start + Duration{std::llround(static_cast<double>(number) * 1e9 / options.rate)};
  }
};

/// One connection: waits until its next request is due, sends it, reads the answer, and so on. A failure ends the
/// connection and fails that request; the next one opens a new connection. Lives until the loop is empty.
class Visit {
 public:
  Visit(asio::io_context& loop, const Plan& plan, std::uint64_t first, DemoLoadCounts& counts)
      : x_stream(loop),
        x_timer(loop),
        x_plan(plan),
        x_number(first),
        x_counts(counts),
        x_shopper(seed_of(plan, first)) {}

  void wait() {
    if (x_number >= x_plan.total) return;
    x_timer.expires_at(x_plan.due(x_number));
    x_timer.async_wait([this](error_code) { begin(); });
  }

 private:
  static std::uint64_t seed_of(const Plan& plan, std::uint64_t first) { return plan.options.seed * 1'000'003 + first; }

  void begin() {
    ++x_counts.sent;
    x_request = x_shopper.next_request();
    x_stream.expires_after(x_plan.options.timeout);
    if (x_connected) return send();
    x_stream.async_connect(asio::ip::tcp::endpoint(asio::ip::address_v4::loopback(), x_plan.options.port),
                           [this](error_code failure) {
                             if (failure) return end(failure);
                             x_connected = true;
                             send();
                           });
  }

  void send() {
    asio::async_write(x_stream, asio::buffer(x_request), [this](error_code failure, std::size_t) {
      if (failure) return end(failure);
      read();
    });
  }

  void read() {
    x_parser.emplace();
    beast::http::async_read(x_stream, x_buffer, *x_parser, [this](error_code failure, std::size_t) { end(failure); });
  }

  void end(error_code failure) {
    ++(failure ? x_counts.failed : x_counts.answered);
    if (failure || !x_parser->get().keep_alive()) {
      x_stream.close();
      x_buffer.clear();
      x_connected = false;
    }
    x_number += x_plan.options.connections;
    wait();
  }

  beast::tcp_stream x_stream;
  asio::steady_timer x_timer;
  const Plan& x_plan;
  std::uint64_t x_number;
  DemoLoadCounts& x_counts;
  Shopper x_shopper;
  std::string x_request;
  beast::flat_buffer x_buffer;
  std::optional<beast::http::response_parser<beast::http::string_body>> x_parser;
  bool x_connected = false;
};

}  // namespace

DemoLoadCounts run_demo_load(const DemoLoadOptions& options, const Clock& clock) {
  const double seconds = std::chrono::duration<double>(options.duration).count();
  const Plan plan{options, clock.mono(), static_cast<std::uint64_t>(options.rate * seconds)};
  DemoLoadCounts counts;
  asio::io_context loop{1};
  std::vector<std::unique_ptr<Visit>> visits;
  for (unsigned i = 0; i < options.connections; ++i) {
    visits.push_back(std::make_unique<Visit>(loop, plan, i, counts));
    visits.back()->wait();
  }
  loop.run();
  return counts;
}

}  // namespace tapedeck::tools
