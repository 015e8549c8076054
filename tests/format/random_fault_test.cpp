// Seeded faults on larger tapes: what they did not touch comes back, the loss is exact, nothing damaged is believed.
// TAPEDECK_FAULTS=N runs N of them instead of a few hundred, TAPEDECK_FAULT_SEED=S begins at another seed.
#include <cstdlib>
#include <random>

#include <doctest/doctest.h>

#include "format/chunk_body.hpp"
#include "format/format_error.hpp"
#include "format/record.hpp"
#include "tests/format/fault_checks.hpp"

using namespace tapedeck;
using namespace tapedeck::test;

namespace {

std::uint64_t from_environment(const char* name, std::uint64_t otherwise) {
  const char* text = std::getenv(name);
  return text == nullptr || *text == '\0' ? otherwise : std::strtoull(text, nullptr, 10);
}

struct Range {
  std::size_t begin = 0;
  std::size_t end = 0;
};

/// A tape, and where its records and the rows of its chunks stand.
struct Subject {
  WrittenTape tape;
  std::string name;
  bool independent = false;  // no row refers to another chunk or to a BLOB
  struct Chunk {
    Range record;
    std::uint64_t first = 0;
    std::uint64_t exchanges = 0;
  };
  std::vector<Chunk> chunks;
  Range footer;
};

void find_records(Subject& subject) {
  const std::string& bytes = subject.tape.bytes;
  for (std::size_t at = 0; at < bytes.size();) {
    format::RecordHeader header;
    const std::uint32_t body_len = format::promised_body_len(std::string_view(bytes).substr(at));
    const auto head = std::string_view(bytes).substr(at, format::kHeaderSize + body_len);
    REQUIRE(format::decode_header(head, header) == format::HeaderCheck::good);
    const Range record{at, at + static_cast<std::size_t>(header.record_size())};
    if (header.type == format::RecordType::chunk) {
      const auto chunk = format::decode_chunk_body(head.substr(format::kHeaderSize));
      REQUIRE(chunk.has_value());
      subject.chunks.push_back({record, chunk->facts.next_ordinal, chunk->facts.exchanges});
    }
    if (header.type == format::RecordType::footer) subject.footer = record;
    at = record.end;
  }
}

/// Bodies that are all different and too large for one chunk, header values too short to be shared.
http::Exchange independent_exchange(std::mt19937& random, int n) {
  http::Exchange e;
  auto connection = std::make_shared<http::Connection>();
  connection->number = static_cast<std::uint64_t>(n / 3 + 1);
  connection->client = *http::parse_socket_address("192.0.2.1:4000");
  e.connection = std::move(connection);
  e.request.head = "POST /orders/" + std::to_string(n) + " HTTP/1.1\r\nHost: shop.example\r\n\r\n";
  e.request.first = kNow + std::chrono::milliseconds(n);
  e.request.last = e.response.first = e.response.last = e.request.first + std::chrono::milliseconds(1);
  e.status = 200;
  e.response.head = "HTTP/1.1 200 OK\r\n\r\n";
  e.response.body = {http::BodyState::kept, std::string(400 + random() % 4000, ' '), {}, {}, {}};
  for (char& c : e.response.body.bytes) c = static_cast<char>(random() % 64);
  return e;
}

Subject independent_subject() {
  Subject subject;
  subject.name = "independent rows";
  subject.independent = true;
  const auto bytes = std::make_shared<std::string>();
  auto writer = format::TapeWriter::create(std::make_unique<MemorySink>(bytes), small_chunks(), kNow);
  std::mt19937 random(7);
  for (int n = 0; n < 160; ++n) {
    http::Exchange e = independent_exchange(random, n);
    e.id = *writer->append(e, kNow);
    subject.tape.exchanges.push_back(e);
    if (n % 10 == 9) REQUIRE(writer->tick(kNow + std::chrono::seconds(n), e.request.first).has_value());
  }
  REQUIRE(writer->seal(kNow).has_value());
  subject.tape.bytes = *bytes;
  return subject;
}

/// Two of three in two rows, some with a request body in parts.
Subject two_row_subject() {
  Subject subject;
  subject.name = "exchanges in two rows";
  const auto bytes = std::make_shared<std::string>();
  auto writer = format::TapeWriter::create(std::make_unique<MemorySink>(bytes), small_chunks(), kNow);
  std::mt19937 random(8);
  std::map<int, format::StreamedBodies> open;
  for (int n = 0; n < 160; ++n) {
    const Time now = kNow + std::chrono::seconds(n);
    if (const auto begun = open.find(n - 7); begun != open.end()) {
      const http::Exchange& e = subject.tape.exchanges[static_cast<std::size_t>(n - 7)];
      REQUIRE(writer->complete(e.id, e, now, begun->second).has_value());
      open.erase(begun);
    }
    http::Exchange e = independent_exchange(random, n);
    e.request.body = {http::BodyState::kept, "id=" + std::to_string(n), {}, {}, {}};
    if (n % 3 == 0 || n >= 153) {
      e.id = *writer->append(e, now);
    } else {
      format::StreamedBodies& streamed = open[n];
      if (n % 2 == 0) {
        streamed.request = writer->begin_body();
        format::BodyPart part;
        part.bytes = e.request.body.bytes;
        REQUIRE(writer->append_body(streamed.request, std::move(part), now).has_value());
      }
      e.id = *writer->open(e, now, streamed);
    }
    subject.tape.exchanges.push_back(e);
    if (n % 10 == 9) REQUIRE(writer->tick(now, e.request.first).has_value());
  }
  REQUIRE(writer->seal(kNow).has_value());
  subject.tape.bytes = *bytes;
  return subject;
}

Subject generated_subject(std::uint32_t seed, std::string name, std::string nasty) {
  Subject subject;
  subject.name = std::move(name);
  subject.tape = write_tape(ExchangeGenerator(seed, std::move(nasty)), 150, small_chunks());
  return subject;
}

std::vector<Subject> make_subjects() {
  format::TapeOptions other = small_chunks();
  other.recording = http::RecordingId{77};
  const std::string whole_tape = write_tape(ExchangeGenerator(5), 10, other).bytes;
  std::vector<Subject> subjects;
  subjects.push_back(independent_subject());
  subjects.push_back(two_row_subject());
  subjects.push_back(generated_subject(41, "all shapes", {}));
  subjects.push_back(generated_subject(42, "bodies that are tapes", whole_tape.substr(0, 20'000)));
  for (Subject& subject : subjects) find_records(subject);
  return subjects;
}

struct Fault {
  std::string name;
  std::string bytes;
  Range touched;           // of the original
  bool adds_rows = false;  // of another recording
};

Range somewhere(std::mt19937& random, std::size_t size, std::size_t longest) {
  const std::size_t begin = random() % size;
  return {begin, std::min(size, begin + 1 + random() % longest)};
}

std::string garbage(std::mt19937& random, std::size_t n) {
  std::string out(n, '\0');
  for (char& c : out) c = static_cast<char>(random());
  return out;
}

Fault make_fault(std::mt19937& random, const std::string& bytes, const std::string& foreign) {
  const std::size_t size = bytes.size();
  const Range spot = somewhere(random, size, 1 + (std::size_t{1} << random() % 16));
  const std::size_t length = spot.end - spot.begin;
  Fault fault{{}, bytes, spot, false};
  switch (random() % 9) {
    case 0:
      fault.name = "cut off";
      fault.bytes.resize(spot.begin);
      fault.touched.end = size;
      break;
    case 1:
      fault.name = "flipped bit";
      fault.touched.end = spot.begin + 1;
      fault.bytes[spot.begin] = static_cast<char>(bytes[spot.begin] ^ 1 << random() % 8);
      break;
    case 2:
      fault.name = "zeroed page";
      fault.touched = {spot.begin / 4096 * 4096, std::min(size, (spot.begin / 4096 + 1) * 4096)};
      std::fill(fault.bytes.begin() + static_cast<std::ptrdiff_t>(fault.touched.begin),
                fault.bytes.begin() + static_cast<std::ptrdiff_t>(fault.touched.end), '\0');
      break;
    case 3:
      fault.name = "garbage";
      fault.bytes.replace(spot.begin, length, garbage(random, length));
      break;
    case 4:
      fault.name = "deleted range";
      fault.bytes.erase(spot.begin, length);
      break;
    case 5:
      fault.name = "inserted garbage";
      fault.touched.end = spot.begin;
      fault.bytes.insert(spot.begin, garbage(random, length));
      break;
    case 6:
      fault.name = "inserted copy of another part";
      fault.touched.end = spot.begin;
      fault.bytes.insert(spot.begin, bytes.substr(random() % size, length));
      break;
    case 7:
      fault.name = "another tape inside";
      fault.touched.end = spot.begin;
      fault.adds_rows = true;
      fault.bytes.insert(spot.begin, foreign);
      break;
    default:
      fault.name = "a part moved over another";
      fault.bytes.replace(spot.begin, length, bytes.substr(random() % (size - length + 1), length));
      break;
  }
  return fault;
}

/// A record with a point of insertion strictly inside is touched, too.
bool is_touched(const Range& record, const Range& by) {
  if (by.begin == by.end) return record.begin < by.begin && by.begin < record.end;
  return record.begin < by.end && by.begin < record.end;
}

void check_untouched(const Subject& subject, const Range& touched, const std::vector<http::Exchange>& rows) {
  std::map<std::uint64_t, const http::Exchange*> read;
  for (const http::Exchange& row : rows) read.emplace(row.id.ordinal, &row);
  bool all_before_untouched = true;
  for (const Subject::Chunk& chunk : subject.chunks) {
    if (is_touched(chunk.record, touched)) all_before_untouched = false;
    if (is_touched(chunk.record, touched) || !(subject.independent || all_before_untouched)) continue;
    for (std::uint64_t i = chunk.first; i < chunk.first + chunk.exchanges; ++i) {
      REQUIRE(read.contains(i));
      const http::Exchange& written = subject.tape.exchanges[static_cast<std::size_t>(i)];
      // A BLOB that a row names can be hit where its chunk is not.
      if (subject.independent) REQUIRE(equal(*read.at(i), written));
    }
  }
}

void check_fault(const Subject& subject, const Fault& fault) {
  auto reader = format::TapeReader::open(format::memory_source(fault.bytes));
  if (!reader) {
    REQUIRE(reader.error().code == format::errc::not_a_tape);
    REQUIRE(fault.bytes.size() < 200);
    return;
  }
  std::vector<http::Exchange> rows = read_all(*reader);
  const format::DamageReport damage = reader->damage();
  const auto verified = reader->verify();
  REQUIRE(verified.has_value());
  if (fault.adds_rows) {
    std::erase_if(rows, [](const http::Exchange& row) { return row.id.recording != kRecording; });
  } else {
    check_rows(rows, damage, subject.tape);
    // A scan looks everywhere and can find a record that stands elsewhere now, which footers do not name.
    REQUIRE(verified->kept >= rows.size());
    if (!verified->tail_unknown) REQUIRE(verified->kept + verified->lost == subject.tape.exchanges.size());
  }
  check_untouched(subject, fault.touched, rows);
  if (!is_touched(subject.footer, fault.touched)) REQUIRE_FALSE(verified->tail_unknown);
}

}  // namespace

TEST_CASE("seeded faults on larger tapes cost what they touch, and are told exactly") {
  const std::vector<Subject> subjects = make_subjects();
  format::TapeOptions other = small_chunks();
  other.recording = http::RecordingId{88};
  const std::string foreign = write_tape(ExchangeGenerator(6), 10, other).bytes;
  const std::uint64_t faults = from_environment("TAPEDECK_FAULTS", 300);
  const std::uint64_t first = from_environment("TAPEDECK_FAULT_SEED", 1);
  std::map<std::string, std::uint64_t> done;
  for (std::uint64_t seed = first; seed < first + faults; ++seed) {
    std::mt19937 random(static_cast<std::uint32_t>(seed));
    const Subject& subject = subjects[static_cast<std::size_t>(seed % subjects.size())];
    const Fault fault = make_fault(random, subject.tape.bytes, foreign);
    CAPTURE(seed);
    CAPTURE(subject.name);
    CAPTURE(fault.name);
    CAPTURE(fault.touched.begin);
    CAPTURE(fault.touched.end);
    if (fault.bytes == subject.tape.bytes) continue;
    check_fault(subject, fault);
    ++done[fault.name];
  }
  for (const auto& [name, n] : done) MESSAGE(name << ": " << n);
}
