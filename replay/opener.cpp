#include "replay/opener.hpp"

#include <deque>
#include <thread>
#include <utility>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>

namespace tapedeck::replay {

namespace asio = boost::asio;

namespace {

constexpr std::size_t kAtOnce = 256;

/// One connect under way. Owners: the handlers of its connect and of its timer.
struct Attempt {
  Attempt(asio::io_context& io, Opener::Receiver r) : socket(io), timer(io), receiver(std::move(r)) {}
  StreamProtocol::socket socket;
  asio::steady_timer timer;
  Opener::Receiver receiver;
  bool timed_out = false;
};

}  // namespace

struct Opener::Impl {
  Impl(StreamProtocol::endpoint e, Duration t) : endpoint(std::move(e)), timeout(t), work(io.get_executor()) {}

  void start(Receiver receiver) {
    if (under_way == kAtOnce) {
      queue.push_back(std::move(receiver));
      return;
    }
    ++under_way;
    auto attempt = std::make_shared<Attempt>(io, std::move(receiver));
    attempt->timer.expires_after(timeout);
    attempt->timer.async_wait([attempt](const error_code& ec) {
      if (ec) return;
      attempt->timed_out = true;
      error_code ignored;  // the connect ends with operation_aborted
      attempt->socket.cancel(ignored);
    });
    attempt->socket.async_connect(endpoint, [this, attempt](const error_code& ec) { finish(*attempt, ec); });
  }

  void finish(Attempt& attempt, const error_code& ec) {
    attempt.timer.cancel();
    attempt.receiver(result(attempt, ec));
    --under_way;
    if (queue.empty()) return;
    Receiver next = std::move(queue.front());
    queue.pop_front();
    start(std::move(next));
  }

  Opened result(Attempt& attempt, const error_code& ec) {
    if (attempt.timed_out) return {{}, FailReason::connect_timeout};
    if (ec) return {{}, reason_of(ec)};
    error_code failed;
    const int family = endpoint.protocol().family();
    if (family == AF_INET || family == AF_INET6) attempt.socket.set_option(asio::ip::tcp::no_delay(true), failed);
    const int fd = attempt.socket.release(failed);
    if (failed) return {{}, FailReason::generator};
    return {UniqueFd(fd), {}};
  }

  StreamProtocol::endpoint endpoint;
  Duration timeout;
  asio::io_context io{1};
  asio::executor_work_guard<asio::io_context::executor_type> work;
  std::deque<Receiver> queue;
  std::size_t under_way = 0;
  std::thread thread;
};

Opener::Opener(StreamProtocol::endpoint endpoint, Duration connect_timeout)
    : x_impl(std::make_unique<Impl>(std::move(endpoint), connect_timeout)) {
  x_impl->thread = std::thread([impl = x_impl.get()] { impl->io.run(); });
}

Opener::~Opener() {
  x_impl->io.stop();
  x_impl->thread.join();
}

void Opener::open(Receiver receiver) {
  asio::post(x_impl->io,
             [impl = x_impl.get(), receiver = std::move(receiver)]() mutable { impl->start(std::move(receiver)); });
}

}  // namespace tapedeck::replay
