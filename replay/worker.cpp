#include "replay/worker.hpp"

#include <algorithm>
#include <cerrno>
#include <utility>

#include <boost/asio/post.hpp>
#include <sys/socket.h>

namespace tapedeck::replay {
namespace {

namespace asio = boost::asio;

constexpr std::size_t kReadBuffer = 64u << 10;
constexpr Duration kPublishEvery = std::chrono::milliseconds(100);

}  // namespace

Worker::Worker(const WorkerOptions& options, RunShared& shared, Ring& ring)
    : x_options(options),
      x_shared(&shared),
      x_mono_start(shared.clock->mono()),
      x_wall_start(shared.clock->wall()),
      x_work(x_io.get_executor()),
      x_pacer(x_io, options.wait, options.window),
      x_buffer(kReadBuffer),
      x_dispatcher(options.dispatcher, ring, *shared.in_flight, *this),
      x_quiet(x_mono_start) {}

Worker::~Worker() = default;

void Worker::run() {
  x_dispatcher.fill_pool();
  loop_until_done();
  for (Slot& slot : x_slots) slot.connection.reset();
  publish(x_shared->clock->mono());
}

void Worker::loop_until_done() {
  bool slept = false;
  for (;;) {
    const MonoTime now = x_shared->clock->mono();
    if (slept) x_quiet = now;
    check_stop(now);
    if (now >= x_next_publish) publish(now);
    const Dispatcher::State state = x_dispatcher.step(now);
    if (std::holds_alternative<Done>(state)) return;
    Pacer::Waited waited;
    if (const auto* sleep = std::get_if<SleepUntil>(&state)) {
      x_sleeping = true;
      waited = x_pacer.wait(std::min(sleep->time, now + kPublishEvery), now);
      x_sleeping = false;
    } else {
      waited = x_pacer.poll();
    }
    slept = waited == Pacer::Waited::slept;
    if (waited == Pacer::Waited::idle) x_quiet = now;
  }
}

void Worker::check_stop(MonoTime now) {
  if (x_dispatcher.limit_struck()) x_shared->limit_struck.store(true, std::memory_order_relaxed);
  if (!x_stopping && x_shared->stop.load(std::memory_order_relaxed)) {
    x_stopping = true;
    x_give_up = now + x_options.grace;
    x_dispatcher.stop();
  }
  if (x_stopping && now >= x_give_up) x_dispatcher.give_up(now);
}

void Worker::publish(MonoTime now) {
  x_next_publish = now + kPublishEvery;
  const WindowCounts news = x_dispatcher.stats().take_window();
  const std::lock_guard lock(x_mutex);
  x_window.merge(news);
}

WindowCounts Worker::take_window() {
  const std::lock_guard lock(x_mutex);
  return std::exchange(x_window, {});
}

Worker::Slot& Worker::slot(LiveId live) {
  const auto index = static_cast<std::size_t>(live);
  if (index >= x_slots.size()) x_slots.resize(index + 1);
  return x_slots[index];
}

LiveConnection* Worker::alive(LiveId live, std::uint32_t generation) {
  const Slot& at = slot(live);
  return at.generation == generation ? at.connection.get() : nullptr;
}

void Worker::open(LiveId live) {
  const std::uint32_t generation = slot(live).generation;
  x_shared->opener->open([this, live, generation](Opened opened) {
    asio::post(x_io, [this, live, generation, opened = std::move(opened)]() mutable {
      on_opened(live, generation, std::move(opened));
    });
  });
}

void Worker::probe() {
  x_shared->opener->open([this](Opened opened) {
    asio::post(x_io,
               [this, connected = opened.fd.valid()] { x_dispatcher.on_probe(connected, x_shared->clock->mono()); });
  });
}

void Worker::on_opened(LiveId live, std::uint32_t generation, Opened opened) {
  const MonoTime now = x_shared->clock->mono();
  if (slot(live).generation != generation) return;
  if (!opened.fd.valid()) return x_dispatcher.on_open_failed(live, opened.failure, now);
  const AnswerLimits limits{.body = x_shared->judge != nullptr || x_shared->saver != nullptr ? AnswerLimits{}.body : 0};
  auto connection = std::make_unique<LiveConnection>(x_io, x_fields, limits);
  if (connection->adopt(std::move(opened.fd), x_shared->endpoint.protocol())) {
    return x_dispatcher.on_open_failed(live, FailReason::generator, now);
  }
  slot(live).connection = std::move(connection);
  x_dispatcher.on_open(live, now);
  if (alive(live, generation) != nullptr) arm_read(live);
}

void Worker::close(LiveId live) {
  Slot& at = slot(live);
  at.connection.reset();
  ++at.generation;
}

// One wait is under way on every open connection, idle ones too: that is how we learn that the target closed it.
void Worker::arm_read(LiveId live) {
  Slot& at = slot(live);
  at.connection->socket.async_wait(
      StreamProtocol::socket::wait_read,
      [this, live, generation = at.generation](const error_code&) { on_readable(live, generation); });
}

void Worker::on_readable(LiveId live, std::uint32_t generation) {
  LiveConnection* connection = alive(live, generation);
  if (connection == nullptr) return;
  read(live, *connection, x_shared->clock->mono());
  if (alive(live, generation) != nullptr) arm_read(live);
}

void Worker::read(LiveId live, LiveConnection& connection, MonoTime now) {
  const ssize_t got = ::recv(connection.socket.native_handle(), x_buffer.data(), x_buffer.size(), MSG_DONTWAIT);
  if (got < 0 && (errno == EAGAIN || errno == EINTR)) return;
  if (got < 0) {
    const error_code ec{errno, boost::system::system_category()};
    const auto state = connection.reader.end_of_input(http::Ending::reset, wall(now));
    return on_read(live, connection, state,
                   reason_of(ec) == FailReason::generator ? FailReason::generator : FailReason::reset, now);
  }
  if (got == 0) {
    const auto state = connection.reader.end_of_input(http::Ending::fin, wall(now));
    return on_read(live, connection, state, FailReason::closed_early, now);
  }
  if (!connection.reader.bytes_back()) connection.first = now;
  const auto state = connection.reader.feed(ConstBytes(x_buffer).first(static_cast<std::size_t>(got)), wall(now));
  on_read(live, connection, state, FailReason::malformed, now);
}

void Worker::on_read(LiveId live, LiveConnection& connection, AnswerReader::State state, FailReason why, MonoTime now) {
  switch (state) {
    case AnswerReader::State::need_more: return;
    case AnswerReader::State::complete: return answered(connection, now);
    case AnswerReader::State::unexpected:
    case AnswerReader::State::idle_end: return x_dispatcher.on_idle_closed(live, now);
    case AnswerReader::State::malformed: why = FailReason::malformed; break;
    case AnswerReader::State::cut: break;
  }
  PlannedRequest& request = *std::exchange(connection.request, nullptr);
  x_dispatcher.on_broken(request, {why, connection.reader.bytes_back(), connection.requests > 1}, now);
}

Duration Worker::unread_until(MonoTime now) {
  if (x_sleeping) {
    x_sleeping = false;  // this handler is what woke us
    return Duration::zero();
  }
  return now - x_quiet;
}

void Worker::answered(LiveConnection& connection, MonoTime now) {
  PlannedRequest& request = *std::exchange(connection.request, nullptr);
  x_finished = connection.reader.take();
  const Answer answer{.status = x_finished.status,
                      .first = connection.first,
                      .last = now,
                      .unread = unread_until(now),
                      .reusable = connection.reader.reusable() && connection.fully_written};
  x_dispatcher.on_answer(request, answer, now);
}

void Worker::send(LiveId live, PlannedRequest& request) {
  LiveConnection& connection = *slot(live).connection;
  if (!request.retried) {
    const auto size = static_cast<std::int64_t>(request.bytes);
    const bool too_much =
        x_shared->held_bytes.fetch_add(size, std::memory_order_relaxed) + size > x_shared->max_held_bytes;
    if (too_much && !request.recorded.response.body.bytes.empty()) {
      std::string().swap(request.recorded.response.body.bytes);
      request.answer_dropped = true;
    }
  }
  connection.request = &request;
  connection.written = 0;
  connection.fully_written = false;
  ++connection.requests;
  connection.reader.expect(request.facts);
  write(live, connection);
}

// A write that fails because the other side is gone shows on the reading side too, perhaps behind an answer.
void Worker::write(LiveId live, LiveConnection& connection) {
  const error_code ec = connection.write_some();
  const std::uint32_t generation = slot(live).generation;
  if (ec == asio::error::would_block || ec == asio::error::try_again || ec == asio::error::interrupted) {
    connection.socket.async_wait(StreamProtocol::socket::wait_write, [this, live, generation](const error_code&) {
      LiveConnection* again = alive(live, generation);
      if (again != nullptr && again->request != nullptr && !again->fully_written) write(live, *again);
    });
  } else if (ec && reason_of(ec) == FailReason::generator) {
    asio::post(x_io, [this, live, generation] {
      LiveConnection* broken = alive(live, generation);
      if (broken == nullptr || broken->request == nullptr) return;
      x_dispatcher.on_broken(*std::exchange(broken->request, nullptr), {FailReason::generator, false, false},
                             x_shared->clock->mono());
    });
  }
}

void Worker::ended(RequestPtr request, const Outcome& outcome) {
  if (request->was_sent)
    x_shared->held_bytes.fetch_sub(static_cast<std::int64_t>(request->bytes), std::memory_order_relaxed);
  if (outcome.failed) count_no_answer(*request);
  if (!outcome.answer) return;
  http::Exchange live = live_exchange(*request, std::exchange(x_finished, {}));
  if (x_shared->judge == nullptr) x_aggregate.add(request->recorded, live.status, not_compared("comparison_off"));
  if (x_shared->judge == nullptr && x_shared->saver == nullptr) return;
  const MonoTime oldest = x_dispatcher.oldest_open().value_or(outcome.answer->last);
  auto pair = std::make_shared<const Answered>(Answered{std::move(request), std::move(live), wall(oldest)});
  if (x_shared->saver != nullptr && !x_shared->saver->take(x_options.number, pair)) ++x_not_saved;
  if (x_shared->judge != nullptr) compare(std::move(pair));
}

void Worker::compare(AnsweredPtr pair) {
  const AnsweredPtr kept = pair;
  if (kept->request->answer_dropped || !x_shared->judge->take(std::move(pair))) {
    x_aggregate.add(kept->request->recorded, kept->live.status, not_compared("queue_full"));
  }
}

// Cheap: no body is looked at.
void Worker::count_no_answer(const PlannedRequest& request) {
  if (x_shared->judge == nullptr || !request.recorded.has_response()) return;
  http::Exchange none;
  const diff::PairResult result = x_differ.compare(request.recorded, none);
  if (result.outcome == diff::Outcome::no_answer) x_aggregate.add(request.recorded, 0, result);
}

http::Exchange Worker::live_exchange(const PlannedRequest& request, http::Exchange answer) const {
  const http::Exchange& recorded = request.recorded;
  answer.id = recorded.id;
  answer.connection = recorded.connection;
  answer.sequence = recorded.sequence;
  answer.request.head = request.wire.head;
  answer.request.first = wall(request.sent);
  answer.request.last = answer.request.first;
  for (const http::Flag flag : {http::Flag::request_chunked, http::Flag::expect_continue}) {
    if (recorded.flags.has(flag)) answer.flags.set(flag);
  }
  return answer;
}

}  // namespace tapedeck::replay
