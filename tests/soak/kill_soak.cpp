// kill -9 of a process that writes a tape, again and again: whatever it had been told is written must be there.
// soak_kill [ROUNDS [SEED]], in a directory of its own. One line at the end; exit status 1 at the first deviation.
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <memory>
#include <random>

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
  std::string body(n % 97 == 96 ? 400'000 : random() % 3000, '\0');
  for (char& c : body) c = static_cast<char>(random() % 32 + 64);
  e.response.body = {http::BodyState::kept, std::move(body), {}, {}, {}};
  return e;
}

/// Writes until it is killed, and says after each row how many are written.
[[noreturn]] void write_until_killed(const std::filesystem::path& path, int tell, unsigned workers, format::Sync sync) {
  format::TapeOptions options;
  options.chunk = 64_KiB;
  options.workers = workers;
  options.sync = sync;
  auto sink = format::create_file_sink(path, format::Overwrite::refuse);
  if (!sink) std::_Exit(3);
  auto writer = format::TapeWriter::create(std::move(*sink), options, kStart);
  if (!writer) std::_Exit(3);
  std::uint64_t told = 0;
  for (std::uint64_t n = 0;; ++n) {
    const http::Exchange e = exchange(n);
    if (!writer->append(e, e.request.first)) std::_Exit(3);
    if (!writer->tick(e.request.first, e.request.first)) std::_Exit(3);
    const std::uint64_t written = writer->acknowledged().written;
    if (written > told && ::write(tell, &written, sizeof written) != sizeof written) std::_Exit(3);
    told = written;
  }
}

bool same(const http::Exchange& read, const http::Exchange& written) {
  return read.request == written.request && read.response == written.response && read.status == written.status &&
         read.connection->number == written.connection->number && read.sequence == written.sequence;
}

bool may_be(const http::Exchange& read, const http::Exchange& written) {
  const http::Body& body = read.response.body;
  const bool no_wrong_body = body.state == http::BodyState::omitted || body == written.response.body;
  const bool no_wrong_head = read.response.head.empty() || read.response.head == written.response.head;
  return read.request == written.request && no_wrong_head && no_wrong_body;
}

/// What is wrong with the tape; empty if nothing is.
std::string check(const std::filesystem::path& path, std::uint64_t told) {
  auto reader = format::TapeReader::open(path);
  if (!reader) return told == 0 ? "" : reader.error().message;
  auto cursor = reader->in_time_order();
  for (std::uint64_t n = 0; n < told; ++n) {
    const auto next = cursor.next();
    if (!next) return next.error().message;
    if (!next->has_value()) return fmt::format("{} exchanges were written, {} are there", told, n);
    if ((*next)->id.ordinal != n) return fmt::format("exchange {} is missing", n);
    if (!same(**next, exchange(n))) return fmt::format("exchange {} is another", n);
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

/// Until so many bytes came, or the writer is gone. The last number it told.
std::uint64_t listen(int from, std::uint64_t numbers) {
  std::uint64_t last = 0;
  for (std::uint64_t i = 0, told = 0; i < numbers && ::read(from, &told, sizeof told) == sizeof told; ++i) last = told;
  return last;
}

struct Totals {
  std::uint64_t told = 0;
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
  const std::uint64_t before = listen(ends[0], 1 + random() % 12);
  ::usleep(static_cast<useconds_t>(random() % 3000));
  ::kill(child, SIGKILL);
  const std::uint64_t after = listen(ends[0], UINT64_MAX);
  int status = 0;
  ::waitpid(child, &status, 0);
  ::close(ends[0]);
  if (!WIFSIGNALED(status)) return fmt::format("the writer ended by itself, status {}", status);
  const std::uint64_t told = std::max(before, after);
  totals.told += told;
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
  fmt::print("{} kills: {} exchanges in {} bytes had been written when they came, all of them are there\n", rounds,
             totals.told, totals.bytes);
  return 0;
}
