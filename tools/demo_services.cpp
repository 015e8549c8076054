#include "tools/demo_services.hpp"

#include <memory>
#include <optional>
#include <random>
#include <string>
#include <thread>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/string_body.hpp>
#include <fmt/chrono.h>
#include <fmt/format.h>

namespace tapedeck::tools {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
using boost::system::error_code;
using tcp = asio::ip::tcp;

std::string http_date(Time time) {
  const auto seconds = std::chrono::floor<std::chrono::seconds>(time).time_since_epoch().count();
  return fmt::format("{:%a, %d %b %Y %H:%M:%S GMT}", fmt::gmtime(static_cast<std::time_t>(seconds)));
}

/// What all connections of a service share; they run on its one thread.
struct Shop {
  ShopVersion version;
  const Clock& clock;
  std::mt19937_64 random{std::random_device{}()};

  std::string token() {
    const std::uint64_t a = random();
    const std::uint64_t b = random();
    return fmt::format("{:08x}-{:04x}-4{:03x}-8{:03x}-{:012x}", a >> 32, a >> 16 & 0xffff, a & 0xfff, b >> 48 & 0xfff,
                       b & 0xffffffffffff);
  }
};

/// One client. Owned by the one operation that is under way: its handler holds the only lasting reference.
class Session : public std::enable_shared_from_this<Session> {
 public:
  Session(tcp::socket socket, Shop& shop)
      : x_stream(std::move(socket)), x_timer(x_stream.get_executor()), x_shop(shop) {}

  void read() {
    x_parser.emplace();
    x_parser->header_limit(16 << 10);
    x_parser->body_limit(64 << 10);
    x_stream.expires_after(std::chrono::seconds(60));
    beast::http::async_read(x_stream, x_buffer, *x_parser,
                            [self = shared_from_this()](error_code failure, std::size_t) { self->on_read(failure); });
  }

 private:
  static std::string_view view(beast::string_view text) { return {text.data(), text.size()}; }

  void on_read(error_code failure) {
    if (failure) return;  // gone, idle for too long, or no HTTP: the connection ends with its last owner
    const auto& request = x_parser->get();
    const ShopRequest asked{view(request.method_string()), view(request.target()),
                            view(request[beast::http::field::accept_encoding]),
                            view(request[beast::http::field::if_none_match]), request.body()};
    const ShopAnswer answer = shop_answer(x_shop.version, asked, x_shop.token());
    x_after = request.keep_alive() ? AfterAnswer::keep_alive : AfterAnswer::close;
    x_wire = to_wire(answer, http_date(x_shop.clock.wall()), x_after);
    if (answer.delay == Duration::zero()) return write();
    x_timer.expires_after(answer.delay);
    x_timer.async_wait([self = shared_from_this()](error_code cancelled) {
      if (!cancelled) self->write();
    });
  }

  void write() {
    asio::async_write(x_stream, asio::buffer(x_wire), [self = shared_from_this()](error_code failure, std::size_t) {
      if (failure) return;
      if (self->x_after == AfterAnswer::keep_alive) return self->read();
      error_code ignored;  // the client may be gone already
      self->x_stream.socket().shutdown(tcp::socket::shutdown_send, ignored);
    });
  }

  beast::tcp_stream x_stream;
  asio::steady_timer x_timer;
  Shop& x_shop;
  beast::flat_buffer x_buffer;
  std::optional<beast::http::request_parser<beast::http::string_body>> x_parser;
  std::string x_wire;
  AfterAnswer x_after = AfterAnswer::keep_alive;
};

}  // namespace

struct DemoService::Server {
  Server(Version version, const Clock& clock)
      : x_shop{version, clock}, x_acceptor(x_loop, {asio::ip::address_v4::loopback(), 0}), x_retry(x_loop) {
    accept();
    x_thread = std::jthread([this] { x_loop.run(); });
  }

  ~Server() { x_loop.stop(); }

  void accept() {
    x_acceptor.async_accept([this](error_code failure, tcp::socket socket) {
      if (failure) return pause();
      socket.set_option(tcp::no_delay(true), failure);  // a failure here costs speed only
      std::make_shared<Session>(std::move(socket), x_shop)->read();
      accept();
    });
  }

  // Out of descriptors, most likely: asking again at once would spin.
  void pause() {
    x_retry.expires_after(std::chrono::milliseconds(50));
    x_retry.async_wait([this](error_code cancelled) {
      if (!cancelled) accept();
    });
  }

  Shop x_shop;
  asio::io_context x_loop{1};  // destroys the sessions, so it goes before the shop that they use
  tcp::acceptor x_acceptor;
  asio::steady_timer x_retry;
  std::jthread x_thread;  // goes first: joins
};

DemoService::DemoService(Version version, const Clock& clock) : x_server(std::make_unique<Server>(version, clock)) {}
DemoService::~DemoService() = default;

std::uint16_t DemoService::port() const { return x_server->x_acceptor.local_endpoint().port(); }

}  // namespace tapedeck::tools
