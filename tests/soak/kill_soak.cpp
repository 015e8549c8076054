// kill -9 of a process that writes a tape, again and again: whatever it had been told is written must be there.
// soak_kill [ROUNDS [SEED]], in a directory of its own. One line at the end; exit status 1 at the first deviation.
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <deque>
#include <memory>
#include <random>
#include <utility>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.hpp"
#include "format/tape_reader.hpp"
#include "format/tape_writer.hpp"
#include "tests/support/temp_directory.hpp"

using namespace tapedeck;

namespace {

constexpr Time kStart = time_from_ns(1'700'000'000'000'000'000);

/// Every seventh exchange stands in two rows, the second written so many exchanges later; of these every third has a
/// body that leaves in as many parts until then.
constexpr std::uint64_t kOpenFor = 20;
bool in_two_rows(std::uint64_t n) { return n % 7 == 3; }
bool in_parts(std::uint64_t n) { return n % 21 == 3; }

/// The n-th exchange of every tape: small ones, some that repeat a body, a large one now and then.
http::Exchange exchange(std::uint64_t n) {
  http::Exchange e;
  auto connection = std::make_shared<http::Connection>();
  connection->number = n / 5 + 1;
  e.connection = std::move(connection);
  e.sequence = static_cast<std::uint32_t>(n % 5);
  e.request.head = fmt::format("GET /items/{} HTTP/1.1\r\nHost: shop.example\r\nCookie: {:0>40}\r\n\r\n", n, n % 50);
  e.request.first = kStart + std::chrono::microseconds(100 * n);
  e.request.last = e.response.first = e.response.last = e.request.first + std::chrono::microseconds(50);
  e.status = 200;
  e.response.head = "HTTP/1.1 200 OK\r\nServer: soak\r\n\r\n";
  std::mt19937_64 random(n % 3 == 0 ? n % 30 : n);
  std::string body(n % 97 == 96 || in_parts(n) ? 400'000 : random() % 3000, '\0');
  for (char& c : body) c = static_cast<char>(random() % 32 + 64);
  e.response.body = {http::BodyState::kept, std::move(body), {}, {}, {}};
  return e;
}

/// What of a tape is known to be written: rows that begin an exchange, and rows that complete one.
struct Written {
  std::uint64_t exchanges = 0;
  std::uint64_t completions = 0;
  bool operator==(const Written&) const = default;
};

class Driver {
 public:
  explicit Driver(format::TapeWriter& writer) : x_writer(writer) {}

  /// The n-th exchange, and what is due of those before it.
  bool step(std::uint64_t n) {
    const http::Exchange e = exchange(n);
    const Time now = e.request.first;
    if (!(in_two_rows(n) ? open(n, e, now) : x_writer.append(e, now).has_value())) return false;
    for (Open& one : x_open) {
      if (one.body != 0 && !stream(one, now)) return false;
    }
    if (!x_open.empty() && x_open.front().n + kOpenFor <= n && !complete(now)) return false;
    return x_writer.tick(now, now).has_value();
  }

 private:
  struct Open {
    std::uint64_t n = 0;
    http::Exchange exchange;
    std::string rest;
    format::BlobNumber body = 0;
  };

  bool open(std::uint64_t n, const http::Exchange& e, Time now) {
    Open one{n, e, {}, in_parts(n) ? x_writer.begin_body() : 0};
    http::Exchange first = e;
    first.response = {};
    first.status = 0;
    const auto id = x_writer.open(first, now);
    if (!id) return false;
    one.exchange.id = *id;
    if (one.body != 0) one.rest = std::exchange(one.exchange.response.body.bytes, {});
    x_open.push_back(std::move(one));
    return true;
  }

  bool stream(Open& one, Time now) {
    const std::size_t part = 400'000 / kOpenFor;
    auto bytes = format::part_of(one.exchange, http::Side::response, one.rest.substr(0, part));
    one.rest.erase(0, part);
    return x_writer.append_body(one.body, std::move(bytes), now).has_value();
  }

  bool complete(Time now) {
    Open one = std::move(x_open.front());
    x_open.pop_front();
    while (one.body != 0 && !one.rest.empty()) {
      if (!stream(one, now)) return false;
    }
    return x_writer.complete(one.exchange.id, one.exchange, now, {0, one.body}).has_value();
  }

  format::TapeWriter& x_writer;
  std::deque<Open> x_open;  // in the order in which they are completed
};

/// Writes until it is killed, and says after each exchange how much is written.
[[noreturn]] void write_until_killed(const std::filesystem::path& path, int tell, unsigned workers, format::Sync sync) {
  format::TapeOptions options;
  options.chunk = 64_KiB;
  options.workers = workers;
  options.sync = sync;
  auto sink = format::create_file_sink(path, format::Overwrite::refuse);
  if (!sink) std::_Exit(3);
  auto writer = format::TapeWriter::create(std::move(*sink), options, kStart);
  if (!writer) std::_Exit(3);
  Driver driver(*writer);
  Written told;
  for (std::uint64_t n = 0;; ++n) {
    if (!driver.step(n)) std::_Exit(3);
    const Written written{writer->acknowledged().written, writer->acknowledged().completions};
    if (written != told && ::write(tell, &written, sizeof written) != sizeof written) std::_Exit(3);
    told = written;
  }
}

bool same(const http::Exchange& read, const http::Exchange& written) {
  return read.request == written.request && read.response == written.response && read.status == written.status &&
         read.connection->number == written.connection->number && read.sequence == written.sequence;
}

/// The same, or less of it: of a torn record, or of an exchange whose second row was not written.
bool may_be(const http::Exchange& read, const http::Exchange& written) {
  const http::Body& body = read.response.body;
  const bool no_response = read.response.head.empty() && body.bytes.empty();
  const bool no_wrong_body = no_response || body.state == http::BodyState::omitted || body == written.response.body;
  const bool no_wrong_head = read.response.head.empty() || read.response.head == written.response.head;
  return read.request == written.request && no_wrong_head && no_wrong_body;
}

/// What is wrong with the tape; empty if nothing is.
std::string check(const std::filesystem::path& path, const Written& told) {
  auto reader = format::TapeReader::open(path);
  if (!reader) return told == Written{} ? "" : reader.error().message;
  auto cursor = reader->in_time_order();
  for (std::uint64_t n = 0; n < told.exchanges; ++n) {
    const auto next = cursor.next();
    if (!next) return next.error().message;
    if (!next->has_value()) return fmt::format("{} exchanges were written, {} are there", told.exchanges, n);
    if ((*next)->id.ordinal != n) return fmt::format("exchange {} is missing", n);
    const bool completed = !in_two_rows(n) || n / 7 < told.completions;
    const http::Exchange written = exchange(n);
    if (completed ? !same(**next, written) : !may_be(**next, written)) return fmt::format("exchange {} is another", n);
  }
  // Behind them lies at most one torn record: a part of its rows, or of these a part.
  while (true) {
    const auto next = cursor.next();
    if (!next) return next.error().message;
    if (!next->has_value()) break;
    if (!may_be((*next).value(), exchange((*next)->id.ordinal))) return "a row of the torn record is another";
  }
  const format::DamageReport& damage = reader->damage();
  return damage.tail_unknown && damage.damaged.size() <= 1 && damage.missing == 0 ? "" : damage.to_json();
}

/// Until it told so often, or the writer is gone: what it told last.
void listen(int from, std::uint64_t times, Written& last) {
  Written told;
  for (std::uint64_t i = 0; i < times && ::read(from, &told, sizeof told) == sizeof told; ++i) last = told;
}

struct Totals {
  Written told;
  std::uint64_t bytes = 0;
};

std::string one_round(const std::filesystem::path& path, std::mt19937& random, Totals& totals) {
  int ends[2];
  if (::pipe(ends) != 0) return "no pipe";
  const auto workers = static_cast<unsigned>(random() % 3);
  const format::Sync sync = random() % 8 == 0 ? format::Sync::every_chunk : format::Sync::never;
  const pid_t child = ::fork();
  if (child < 0) return "no process";
  if (child == 0) {
    ::close(ends[0]);
    write_until_killed(path, ends[1], workers, sync);
  }
  ::close(ends[1]);
  Written told;
  listen(ends[0], 1 + random() % 12, told);
  ::usleep(static_cast<useconds_t>(random() % 3000));
  ::kill(child, SIGKILL);
  listen(ends[0], UINT64_MAX, told);
  int status = 0;
  ::waitpid(child, &status, 0);
  ::close(ends[0]);
  if (!WIFSIGNALED(status)) return fmt::format("the writer ended by itself, status {}", status);
  totals.told.exchanges += told.exchanges;
  totals.told.completions += told.completions;
  totals.bytes += std::filesystem::file_size(path);
  return check(path, told);
}

}  // namespace

int main(int argc, char** argv) {
  const std::uint64_t rounds = argc > 1 ? std::strtoull(argv[1], nullptr, 10) : 1000;
  const std::uint64_t seed = argc > 2 ? std::strtoull(argv[2], nullptr, 10) : 1;
  const test::TempDirectory directory;
  std::mt19937 random(static_cast<std::uint32_t>(seed));
  Totals totals;
  for (std::uint64_t round = 0; round < rounds; ++round) {
    const std::filesystem::path path = directory / fmt::format("{}.tape", round);
    const std::string wrong = one_round(path, random, totals);
    if (!wrong.empty()) {
      fmt::print("round {} of seed {}: {}\n", round, seed, wrong);
      return 1;
    }
    std::filesystem::remove(path);
  }
  fmt::print(
      "{} kills: {} exchanges, {} of them completed in a second row, in {} bytes had been written when they came, all "
      "of "
      "them are there\n",
      rounds, totals.told.exchanges, totals.told.completions, totals.bytes);
  return 0;
}
