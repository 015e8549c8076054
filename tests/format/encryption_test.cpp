// Encrypted tapes: what is readable with the key, with another, without one, and what tampering costs.
#include <cstdlib>
#include <fstream>
#include <map>
#include <set>

#include <doctest/doctest.h>

#include "format/copy_tape.hpp"
#include "format/format_error.hpp"
#include "tests/format/hostile_tape.hpp"
#include "tests/format/tape_fixture.hpp"
#include "tests/format/two_rows.hpp"
#include "tests/support/temp_directory.hpp"

using namespace tapedeck;
using namespace tapedeck::test;
using format::RecordType;

namespace {

format::TapeKey key_from(std::uint8_t first) {
  format::TapeKey key;
  for (std::size_t i = 0; i < key.bytes.size(); ++i) key.bytes[i] = static_cast<std::uint8_t>(first + i);
  return key;
}

const format::TapeKey kKey = key_from(0);

format::TapeOptions encrypted(unsigned workers = 0) {
  format::TapeOptions options = small_chunks(workers);
  options.key = kKey;
  options.random_id = true;
  return options;
}

Result<format::TapeReader> open_with(const std::string& bytes, std::optional<format::TapeKey> key,
                                     format::MissingKey missing = format::MissingKey::refuse) {
  return format::TapeReader::open(format::memory_source(bytes), {key, missing});
}

format::TapeReader open_encrypted(const std::string& bytes) {
  auto reader = open_with(bytes, kKey);
  REQUIRE_MESSAGE(reader.has_value(), (reader ? std::string() : reader.error().message));
  return std::move(*reader);
}

std::string hex(std::string_view bytes) {
  std::string out;
  for (const char c : bytes) {
    out += "0123456789abcdef"[static_cast<std::uint8_t>(c) >> 4];
    out += "0123456789abcdef"[static_cast<std::uint8_t>(c) & 15];
  }
  return out;
}

void write_file(const std::filesystem::path& path, const std::string& bytes) {
  std::ofstream(path, std::ios::binary) << bytes;
}

/// No row that is not one of those written; how many are as written.
std::size_t check_no_wrong_row(const std::vector<http::Exchange>& rows, const WrittenTape& tape) {
  std::size_t whole = 0;
  for (const http::Exchange& row : rows) {
    REQUIRE(row.id.ordinal < tape.exchanges.size());
    const http::Exchange& written = tape.exchanges[static_cast<std::size_t>(row.id.ordinal)];
    REQUIRE(row.request.head == written.request.head);
    for (const auto& [read, kept] : {std::pair(&row.request, &written.request), {&row.response, &written.response}}) {
      if (read->body.state == http::BodyState::kept) REQUIRE(read->body == kept->body);
    }
    if (equal(row, written)) ++whole;
  }
  return whole;
}

}  // namespace

TEST_CASE("keys, nonces and tags are those of the format's description") {
  // Computed with Python's cryptography: HKDF-SHA256 and AES-256-GCM, key 00 01 ... 1f.
  const std::uint64_t id = format::key_id_of(kKey);
  CHECK(hex({reinterpret_cast<const char*>(&id), sizeof id}) == "565c5c6fa5a2ceb8");
  const format::SegmentKey segment = format::segment_key(kKey, {kRecording, 2});
  CHECK(hex({reinterpret_cast<const char*>(segment.data()), segment.size()}) ==
        "e44223ff9c16e5d08cc1075bf9fe7024d36408b2f50d2e11b0a126d8dcd1fc15");
  CHECK(hex(format::encrypt(segment, {7, 1}, "hello", "associated")) == "dfb44db926fac908826b8e3fe8930a9b40b71a2466");
}

TEST_CASE("an encrypted tape reads back equal with its key, and its bytes do not depend on the workers") {
  const WrittenTape tape = write_tape(ExchangeGenerator(1), 200, encrypted());
  auto reader = open_encrypted(tape.bytes);
  check_equal(read_all(reader), in_time_order(tape.exchanges));
  CHECK(equal(*reader.find("77"), tape.exchanges[77]));
  CHECK(reader.verify()->intact());
  const auto summary = reader.summary();
  CHECK(summary->encrypted);
  CHECK(summary->exchanges == 200);
  CHECK(summary->recording_note == R"({"tool":"test"})");
  CHECK(write_tape(ExchangeGenerator(1), 200, encrypted(3)).bytes == tape.bytes);
}

TEST_CASE("an encrypted tape that was not sealed is read by a scan") {
  const WrittenTape tape = write_tape(ExchangeGenerator(2), 100, encrypted(), Sealed::no);
  auto reader = open_encrypted(tape.bytes);
  const auto rows = read_all(reader);
  CHECK(check_no_wrong_row(rows, tape) == rows.size());
  CHECK(!rows.empty());
  CHECK(reader.damage().tail_unknown);
  CHECK(reader.summary()->recording_note == R"({"tool":"test"})");
}

TEST_CASE("without the key, or with another, one line says what is missing") {
  for (const Sealed sealed : {Sealed::yes, Sealed::no}) {
    const std::string bytes = write_tape(ExchangeGenerator(1), 50, encrypted(), sealed).bytes;
    const auto none = open_with(bytes, std::nullopt);
    REQUIRE(none.has_error());
    CHECK(none.error().code == format::errc::key_needed);
    CHECK(none.error().message == "tape: encrypted: give the key it was written with, --key-file FILE");
    const auto other = open_with(bytes, key_from(1));
    REQUIRE(other.has_error());
    CHECK(other.error().code == format::errc::wrong_key);
    CHECK(other.error().message.find("another key") != std::string::npos);
    CHECK(other.error().message.find('\n') == std::string::npos);
  }
}

TEST_CASE("a plain tape is read whether a key is given or not") {
  const WrittenTape tape = write_tape(ExchangeGenerator(1), 20, small_chunks());
  auto reader = open_encrypted(tape.bytes);
  check_equal(read_all(reader), in_time_order(tape.exchanges));
  CHECK_FALSE(reader.summary()->encrypted);
}

TEST_CASE("nothing that was said stands in the file") {
  const std::string secret = "correct-horse-battery-staple";
  format::TapeOptions options = encrypted();
  options.level = 1;
  const auto bytes = std::make_shared<std::string>();
  auto writer = format::TapeWriter::create(std::make_unique<MemorySink>(bytes), options, kNow);
  format::Note note;
  note.json = "{\"tool\":\"" + secret + "\"}";
  REQUIRE(writer->note(note, kNow).has_value());
  for (int n = 0; n < 8; ++n) {
    http::Exchange e;
    auto connection = std::make_shared<http::Connection>();
    connection->number = 1;
    connection->sni = secret + ".example";
    e.connection = connection;
    e.request.head = "GET /" + secret + " HTTP/1.1\r\nHost: a\r\nCookie: session=" + secret + "\r\n\r\n";
    e.request.first = e.request.last = e.response.first = e.response.last = kNow;
    e.status = 200;
    e.response.head = "HTTP/1.1 200 OK\r\nSet-Cookie: " + secret + "\r\n\r\n";
    e.response.body = {http::BodyState::kept, n % 2 == 0 ? secret : secret + std::string(300'000, 'x'), {}, {}, {}};
    e.response.trailers = "X-Trailer: " + secret + "\r\n";
    REQUIRE(writer->append(e, kNow).has_value());
  }
  REQUIRE(writer->seal(kNow).has_value());
  for (const char* said : {"correct-horse", "session=", "GET /", "HTTP/1.1", "Set-Cookie", "X-Trailer", "endpoints"}) {
    CAPTURE(said);
    CHECK(bytes->find(said) == std::string::npos);
  }
  auto reader = open_encrypted(*bytes);
  CHECK(read_all(reader).size() == 8);
}

TEST_CASE("a changed record is refused and counted, though all its hashes hold") {
  const WrittenTape tape = write_tape(ExchangeGenerator(5), 80, encrypted());
  std::map<RecordType, int> tried;
  for (const RecordPlace& record : records_of(tape.bytes)) {
    if (record.type == RecordType::file_header) continue;
    REQUIRE(record.has_payload());
    ++tried[record.type];
    // Its nonce's number, a byte of its fixed struct, of its first frame's content, and its tag.
    for (const std::size_t at : {record.begin + 32, record.begin + 64 + 30, record.payload + 8, record.end - 1}) {
      CAPTURE(static_cast<int>(record.type));
      CAPTURE(at - record.begin);
      std::string bytes = tape.bytes;
      bytes[at] = static_cast<char>(bytes[at] ^ 1);
      rehash(bytes, record);
      auto reader = open_with(bytes, kKey);
      REQUIRE(reader.has_value());
      const auto rows = read_all(*reader);
      check_no_wrong_row(rows, tape);
      const auto report = reader->verify();
      REQUIRE(report.has_value());
      CHECK_FALSE(report->damaged.empty());
      CHECK_FALSE(report->intact());
      CHECK(report->kept == rows.size());
      CHECK(report->kept + report->lost == tape.exchanges.size());
      if (record.type == RecordType::chunk) CHECK(report->lost + report->degraded.size() > 0);
    }
  }
  CHECK(tried.size() == 6);
}

TEST_CASE("a record that was taken out shows as a gap, and its exchanges as lost") {
  const WrittenTape tape = write_tape(ExchangeGenerator(5), 80, encrypted());
  for (const RecordPlace& record : records_of(tape.bytes)) {
    if (record.type != RecordType::chunk) continue;
    std::string bytes = tape.bytes;
    bytes.erase(record.begin, record.end - record.begin);
    auto reader = open_with(bytes, kKey);
    REQUIRE(reader.has_value());
    const auto report = reader->verify();
    CHECK(report->missing == 1);
    CHECK(report->lost > 0);
    CHECK(report->kept + report->lost == tape.exchanges.size());
    return;
  }
}

TEST_CASE("a plain record spliced into an encrypted tape is not believed") {
  const WrittenTape tape = write_tape(ExchangeGenerator(5), 80, encrypted());
  const WrittenTape forged = write_tape(ExchangeGenerator(6), 80, small_chunks());  // the same recording, segment 0
  const auto there = records_of(tape.bytes);
  const auto plain = records_of(forged.bytes);
  for (const RecordType type : {RecordType::chunk, RecordType::blob, RecordType::note, RecordType::footer}) {
    CAPTURE(static_cast<int>(type));
    const auto is_it = [&](const RecordPlace& r) { return r.type == type; };
    const RecordPlace target = *std::find_if(there.begin(), there.end(), is_it);
    const RecordPlace source = *std::find_if(plain.begin(), plain.end(), is_it);
    std::string record = forged.bytes.substr(source.begin, source.end - source.begin);
    record.replace(32, 8, tape.bytes, target.begin + 32, 8);  // the record's number
    rehash(record, {0, source.payload - source.begin, record.size(), type});
    std::string bytes = tape.bytes;
    bytes.replace(target.begin, target.end - target.begin, record);
    auto reader = open_with(bytes, kKey);
    REQUIRE(reader.has_value());
    check_no_wrong_row(read_all(*reader), tape);
    const auto report = reader->verify();
    CHECK_FALSE(report->damaged.empty());
    if (type == RecordType::chunk) CHECK(report->lost > 0);
    CHECK(report->kept + report->lost == tape.exchanges.size());
  }
}

TEST_CASE("records that say nothing but their body are vouched for, too") {
  const auto bytes = std::make_shared<std::string>();
  auto writer = format::TapeWriter::create(std::make_unique<MemorySink>(bytes), encrypted(), kNow);
  http::Exchange e;
  e.request.head = "GET / HTTP/1.1\r\n\r\n";
  e.status = 200;
  e.response.body = {http::BodyState::kept, std::string(300'000, 'b'), {}, {}, {}};
  for (int n = 0; n < 2; ++n) REQUIRE(writer->append(e, kNow).has_value());  // the second body equals the first
  format::Note loss;
  loss.reason = http::Reason::queue_full;
  loss.level = format::NoteLevel::loss;
  loss.exchanges = 7;
  REQUIRE(writer->note(loss, kNow).has_value());
  REQUIRE(writer->seal(kNow).has_value());
  CHECK(open_encrypted(*bytes).summary()->losses.at("queue_full").exchanges == 7);
  std::size_t empty = 0;
  for (const RecordPlace& record : records_of(*bytes)) {
    if (record.end - record.payload != 24) continue;  // a frame's header and its tag
    ++empty;
    std::string forged = *bytes;
    forged[record.begin + 64 + 24] = static_cast<char>(forged[record.begin + 64 + 24] ^ 1);
    rehash(forged, record);
    auto reader = open_encrypted(forged);
    CHECK_FALSE(reader.verify()->damaged.empty());
    for (const http::Exchange& row : read_all(reader)) {
      if (row.response.body.state == http::BodyState::kept) CHECK(row.response.body.bytes == e.response.body.bytes);
    }
    const auto losses = reader.summary()->losses;
    if (losses.contains("queue_full")) CHECK(losses.at("queue_full").exchanges == 7);

    // Plain, without a payload, it is not believed either.
    forged = bytes->substr(0, record.payload) + bytes->substr(record.end);
    forged[record.begin + 13] = static_cast<char>(forged[record.begin + 13] & ~format::kFlagEncrypted);
    format::store<std::uint32_t>(forged, record.begin + 44, 0);
    rehash(forged, {record.begin, record.payload, record.payload, record.type});
    CHECK_FALSE(open_encrypted(forged).verify()->damaged.empty());
  }
  CHECK(empty == 4);  // two parts of the second body, the note, the footer
}

TEST_CASE("a plain segment of an encrypted recording is not believed, sealed or not, wherever it stands") {
  const WrittenTape tape = write_tape(ExchangeGenerator(5), 30, encrypted());
  std::string forged = write_tape(ExchangeGenerator(6), 30, small_chunks()).bytes;
  for (const RecordPlace& record : records_of(forged)) {
    format::store<std::uint32_t>(forged, record.begin + 28, 1);  // the next segment
    rehash(forged, record);
  }
  for (const std::string& bytes : {tape.bytes + forged, forged + tape.bytes, tape.bytes + forged.substr(112)}) {
    auto reader = open_encrypted(bytes);
    check_equal(read_all(reader), in_time_order(tape.exchanges));
    CHECK_FALSE(reader.verify()->damaged.empty());
  }
}

TEST_CASE("a CHUNK that names no column that could be checked has no rows") {
  const WrittenTape tape = write_tape(ExchangeGenerator(5), 80, encrypted());
  for (const RecordPlace& record : records_of(tape.bytes)) {
    if (record.type != RecordType::chunk) continue;
    for (const auto columns : std::initializer_list<std::uint16_t>{0, 1}) {
      std::string bytes = tape.bytes;
      format::store<std::uint16_t>(bytes, record.begin + 64 + 54, columns);
      format::store<std::uint16_t>(bytes, record.begin + 64 + 72, 900);  // META is another, unknown one
      bytes[record.begin + 64 + 72 + 3] = 0;                             // that need not be known
      rehash(bytes, record);
      auto reader = open_encrypted(bytes);  // by its footers, which are as they were
      check_no_wrong_row(read_all(reader), tape);
      CHECK(reader.verify()->lost > 0);
    }
  }
}

TEST_CASE("a recording id together with a key is refused: nonces would repeat") {
  format::TapeOptions options = encrypted();
  options.random_id = false;
  const auto bytes = std::make_shared<std::string>();
  const auto refused = format::TapeWriter::create(std::make_unique<MemorySink>(bytes), options, kNow);
  REQUIRE(refused.has_error());
  CHECK(refused.error().message.find("random recording id") != std::string::npos);
  CHECK(bytes->empty());
  options.recording.reset();
  CHECK(format::TapeWriter::create(std::make_unique<MemorySink>(bytes), options, kNow).has_value());
}

TEST_CASE("another key is told from damage even where the start of the tape is gone") {
  const std::string bytes = write_tape(ExchangeGenerator(1), 50, encrypted()).bytes.substr(100);
  CHECK(open_with(bytes, key_from(1)).error().code == format::errc::wrong_key);
  CHECK(open_with(bytes, std::nullopt).error().code == format::errc::key_needed);
  auto reader = open_encrypted(bytes);
  CHECK(read_all(reader).size() == 50);
}

TEST_CASE("a header that claims the tape is plain hides nothing, and shows nothing") {
  const WrittenTape tape = write_tape(ExchangeGenerator(1), 50, encrypted());
  std::string bytes = tape.bytes;
  bytes.replace(64 + 40, 8, 8, '\0');  // FILE_HEADER's key id
  rehash(bytes, records_of(bytes).front());
  CHECK(open_with(bytes, std::nullopt).error().code == format::errc::key_needed);
  auto reader = open_encrypted(bytes);
  check_equal(read_all(reader), in_time_order(tape.exchanges));
}

TEST_CASE("without the key what is stored can still be checked") {
  const WrittenTape tape = write_tape(ExchangeGenerator(5), 80, encrypted());
  auto reader = open_with(tape.bytes, std::nullopt, format::MissingKey::stored_only);
  REQUIRE(reader.has_value());
  const auto report = reader->verify();
  REQUIRE(report.has_value());
  CHECK(report->intact());
  CHECK(report->sealed());
  CHECK(report->kept == 80);
  CHECK(report->checked == format::Checked::stored);
  CHECK(reader->in_time_order().next().error().code == format::errc::key_needed);
  CHECK(reader->summary().error().code == format::errc::key_needed);

  std::string bytes = tape.bytes;
  const auto places = records_of(bytes);
  const auto chunk =
      *std::find_if(places.begin(), places.end(), [](const RecordPlace& r) { return r.type == RecordType::chunk; });
  bytes[chunk.payload + 20] = static_cast<char>(bytes[chunk.payload + 20] ^ 4);
  auto damaged = open_with(bytes, std::nullopt, format::MissingKey::stored_only);
  REQUIRE(damaged.has_value());
  const auto loss = damaged->verify();
  CHECK(loss->damaged.size() == 1);
  CHECK(loss->lost > 0);
  CHECK(loss->kept + loss->lost == 80);
}

TEST_CASE("without the key exchanges in two rows are counted, too") {
  const WrittenTape tape = write_two_rows(4, 200, encrypted());
  auto reader = open_with(tape.bytes, std::nullopt, format::MissingKey::stored_only);
  REQUIRE(reader.has_value());
  const auto report = reader->verify();
  REQUIRE(report.has_value());
  CHECK(report->kept == 200);
  CHECK(report->lost == 0);
  CHECK(report->completions_lost == 0);
  CHECK(report->intact());

  std::string bytes = tape.bytes;
  for (const RecordPlace& place : records_of(bytes)) {
    if (place.type == RecordType::chunk) bytes[place.payload + 20] = static_cast<char>(bytes[place.payload + 20] ^ 4);
  }
  const auto loss = open_with(bytes, std::nullopt, format::MissingKey::stored_only)->verify();
  REQUIRE(loss.has_value());
  CHECK(loss->kept == 0);
  CHECK(loss->lost == 200);
  CHECK(loss->completions_lost > 0);
}

TEST_CASE("no record number is used twice under a key: not across rotation, not after an error of the disk") {
  struct Log final : format::ByteSink {
    explicit Log(std::set<std::string>& seen, std::size_t fails_at) : x_seen(&seen), x_left(fails_at) {}
    Result<void> append(std::span<const ConstBytes> pieces) override {
      // Segment id and record number: the salt of the key, and the nonce.
      const std::string_view head(reinterpret_cast<const char*>(pieces[0].data()), pieces[0].size());
      CHECK(x_seen->insert(std::string(head.substr(16, 24))).second);
      if (x_left-- == 0) return make_error("the disk is full");
      return {};
    }
    Result<void> sync() override { return {}; }
    Result<void> cut_back(std::uint64_t) override { return {}; }
    std::set<std::string>* x_seen;
    std::size_t x_left;
  };
  std::set<std::string> seen;
  ExchangeGenerator generator(3);
  auto writer = format::TapeWriter::create(std::make_unique<Log>(seen, 3), encrypted(), kNow);
  for (std::size_t segment = 0; segment < 6; ++segment) {
    for (int n = 0; n < 60; ++n) (void)writer->append(generator.next(), kNow);
    REQUIRE(writer->next_segment(std::make_unique<Log>(seen, segment % 2 == 0 ? 1000 : 5), kNow).has_value());
  }
  CHECK(seen.size() > 20);
}

TEST_CASE("a copy of an encrypted tape is encrypted under its own key, ids kept") {
  const WrittenTape tape = write_tape(ExchangeGenerator(8), 60, encrypted(), Sealed::no);
  auto reader = open_encrypted(tape.bytes);
  format::TapeOptions options = encrypted();
  options.recording = http::RecordingId{9};
  options.key = key_from(100);
  options.sorted = true;
  const auto out = std::make_shared<std::string>();
  auto writer = format::TapeWriter::create(std::make_unique<MemorySink>(out), options, kNow);
  const auto copied = format::copy_tape(reader, *writer, {}, kNow);
  REQUIRE(copied.has_value());
  CHECK(open_with(*out, kKey).error().code == format::errc::wrong_key);
  auto copy = open_with(*out, key_from(100));
  REQUIRE(copy.has_value());
  const auto rows = read_all(*copy);
  CHECK(rows.size() == copied->written);
  CHECK(check_no_wrong_row(rows, tape) == rows.size());
}

TEST_CASE("tapes of two keys end to end need both, and one line says so") {
  format::TapeOptions other = encrypted();
  other.key = key_from(50);
  other.recording = http::RecordingId{9};
  const std::string joined =
      write_tape(ExchangeGenerator(1), 20, encrypted()).bytes + write_tape(ExchangeGenerator(2), 20, other).bytes;
  CHECK(open_with(joined, kKey).error().code == format::errc::wrong_key);
}

TEST_CASE("an encrypted tape is a legal zstd stream") {
  if (std::system("zstd --version >/dev/null 2>&1") != 0) {
    MESSAGE("skipped: no zstd tool here");
    return;
  }
  const TempDirectory dir;
  write_file(dir / "x.tape", write_tape(ExchangeGenerator(2), 60, encrypted()).bytes);
  CHECK(std::system(("zstd -q -t < '" + (dir / "x.tape").string() + "'").c_str()) == 0);
}

TEST_CASE("a key file holds 32 bytes, and it is known who can read it") {
  const TempDirectory dir;
  namespace fs = std::filesystem;
  write_file(dir / "k", std::string(32, 'k'));
  fs::permissions(dir / "k", fs::perms::owner_read);
  const auto good = format::read_key_file(dir / "k");
  REQUIRE(good.has_value());
  CHECK(good->key.bytes[31] == 'k');
  CHECK_FALSE(good->others_can_read);
  fs::permissions(dir / "k", fs::perms::owner_read | fs::perms::group_read);
  CHECK(format::read_key_file(dir / "k")->others_can_read);
  for (const std::size_t n : {0u, 31u, 33u, 64u}) {
    write_file(dir / "bad", std::string(n, 'k'));
    const auto bad = format::read_key_file(dir / "bad");
    REQUIRE(bad.has_error());
    CHECK(bad.error().message.find("exactly 32 bytes") != std::string::npos);
    CHECK(bad.error().message.find("urandom") != std::string::npos);
  }
  CHECK(format::read_key_file(dir / "missing").error().message.find("missing") != std::string::npos);
}
