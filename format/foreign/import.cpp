#include "format/foreign/import.hpp"

#include <cstdlib>
#include <optional>
#include <utility>

#include <fmt/format.h>

#include "base/json_writer.hpp"
#include "format/chunk_builder.hpp"
#include "format/foreign/exchange_sorter.hpp"
#include "format/foreign/foreign_file.hpp"
#include "format/foreign/gor_reader.hpp"
#include "format/foreign/har_reader.hpp"
#include "format/foreign/warc_reader.hpp"
#include "format/format_error.hpp"

namespace tapedeck::format {
namespace {

constexpr std::uint64_t kProgressEvery = 4096;

/// The reading half: files in, exchanges into the sorter.
class Import {
 public:
  explicit Import(const ImportOptions& options)
      : x_options(&options), x_sorter({options.sort_memory, options.spill_directory, options.tape}) {}

  Result<void> read();
  Result<ImportResult> write();

 private:
  Result<bool> open_next();
  Result<void> close_file();
  Result<std::unique_ptr<ForeignReader>> reader();
  Result<std::unique_ptr<ByteStream>> next_part(ForeignKind kind);
  Result<void> read_all_of(ForeignReader& reader);
  void account_for(const ForeignReader& reader);
  Result<TapeWriter> create_tape(Time now);
  Result<void> append(TapeWriter& writer, http::Exchange& exchange, Time now);
  Result<void> finish(TapeWriter& writer, Time now);
  Note skipped_note(Time now) const;
  /// With the name of the file at hand, if it is not there.
  std::string named(const std::string& message) const {
    if (!x_file || message.find(x_file->name()) != std::string::npos) return message;
    return x_file->name() + ": " + message;
  }
  void damage(std::string remark) {
    x_result.damaged = true;
    x_result.remarks.push_back(std::move(remark));
  }

  const ImportOptions* x_options;
  ExchangeSorter x_sorter;
  InputDigest x_digest;
  std::shared_ptr<WarcPayloads> x_payloads = std::make_shared<WarcPayloads>();  // owners: this and the WARC readers
  SharedNumbers x_numbers = std::make_shared<ConnectionNumbers>();
  std::size_t x_opened = 0;  // of the options' files
  std::optional<ForeignFile> x_file;
  bool x_file_is_read = false;  // somebody has taken its bytes
  std::uint64_t x_read = 0;
  ImportResult x_result;
};

/// The next file that can be opened and told; those that cannot are remarked. False: there is none.
Result<bool> Import::open_next() {
  while (x_opened < x_options->files.size() && !x_options->stop.stop_requested()) {
    auto file = ForeignFile::open(x_options->files[x_opened++], x_digest);
    if (file) {
      x_file.emplace(std::move(*file));
      x_file_is_read = false;
      return true;
    }
    x_digest.end_file();
    damage(file.error().message);
  }
  return false;
}

Result<void> Import::close_file() {
  if (x_options->stop.stop_requested()) return {};
  const auto cut = x_file->close();
  if (!cut) {
    damage(named(cut.error().message));
  } else if (*cut) {
    const std::string unread = (*cut)->bytes > 0 ? fmt::format(" ({} bytes cannot be read)", (*cut)->bytes) : "";
    x_result.unread_bytes += (*cut)->bytes;
    damage(fmt::format("{}: {}{}; what can be read was imported", x_file->name(), (*cut)->what, unread));
  }
  x_digest.end_file();
  x_file.reset();
  return {};
}

/// A file up to a damaged place, what follows on that, and of .gor files in a row the next one: chunk files are read as
/// one. Another kind waits for its own reader.
Result<std::unique_ptr<ByteStream>> Import::next_part(ForeignKind kind) {
  if (x_file && x_file_is_read) {
    if (x_file->go_on()) return x_file->bytes();
    if (kind != ForeignKind::gor) return std::unique_ptr<ByteStream>();
    if (auto closed = close_file(); !closed) return closed.error();
  }
  if (!x_file) {
    const auto opened = open_next();
    if (!opened) return opened.error();
  }
  if (!x_file || x_file_is_read || x_file->kind() != kind) return std::unique_ptr<ByteStream>();
  x_file_is_read = true;
  return x_file->bytes();
}

Result<std::unique_ptr<ForeignReader>> Import::reader() {
  const auto next = [this, kind = x_file->kind()] { return next_part(kind); };
  switch (x_file->kind()) {
    case ForeignKind::gor: return read_gor(next, x_numbers);
    case ForeignKind::warc: return read_warc(next, x_payloads, x_numbers);
    case ForeignKind::har: x_file_is_read = true; return read_har(x_file->bytes(), kLargestHarEntry, x_numbers);
  }
  std::abort();
}

Result<void> Import::read() {
  for (;;) {
    if (!x_file) {
      const auto opened = open_next();
      if (!opened) return opened.error();
      if (!*opened) return {};
    }
    const auto source = reader();
    if (source) {
      if (auto done = read_all_of(**source); !done) return done;
      account_for(**source);
    } else {
      damage(named(source.error().message));
    }
    if (x_options->stop.stop_requested()) break;
    if (x_file && x_file_is_read) {
      if (auto closed = close_file(); !closed) return closed;
    }
  }
  x_result.partial = true;
  return {};
}

Result<void> Import::read_all_of(ForeignReader& reader) {
  while (!x_options->stop.stop_requested()) {
    auto next = reader.next();
    if (!next) {
      damage(named(next.error().message));
      return {};
    }
    if (!*next) return {};
    if (auto added = x_sorter.add(std::move(**next)); !added) return added;
    if (++x_read % kProgressEvery == 0 && x_options->progress) x_options->progress(x_read);
  }
  return {};
}

void Import::account_for(const ForeignReader& reader) {
  for (const auto& [reason, count] : reader.skipped()) x_result.skipped[reason] += count;
  x_result.damaged = x_result.damaged || reader.damaged();
}

/// Of a file its name, of several their number.
std::string name_of(const std::vector<std::filesystem::path>& files) {
  return files.size() == 1 ? files.front().string() : fmt::format("{} files", files.size());
}

std::string list_of(const Skipped& skipped) {
  std::string text;
  for (const auto& [reason, count] : skipped) text += fmt::format("{}{} {}", text.empty() ? "" : ", ", count, reason);
  return text;
}

Result<TapeWriter> Import::create_tape(Time now) {
  auto sink = x_options->create_sink();
  if (!sink) return sink.error();
  TapeOptions tape = x_options->tape;
  tape.sorted = true;
  // Under a key it is random: nonces follow from it.
  if (!tape.recording && !tape.key) tape.recording = x_digest.recording();
  auto writer = TapeWriter::create(std::move(*sink), tape, now);
  if (!writer) return writer.error();
  Note first;
  first.from = first.to = now;
  first.json = x_options->note_json;
  if (auto noted = writer->note(first, now); !noted) return noted.error();
  return writer;
}

Result<void> Import::append(TapeWriter& writer, http::Exchange& exchange, Time now) {
  const auto id = writer.append(exchange, now);
  if (id) {
    ++x_result.written;
    return {};
  }
  if (id.error().code != errc::limit_exceeded) return id.error();
  ++x_result.skipped["over_limit"];
  x_result.damaged = true;
  return {};
}

Note Import::skipped_note(Time now) const {
  Note note;
  note.reason = http::Reason::import_skipped;
  note.level = x_result.damaged ? NoteLevel::loss : NoteLevel::fact;
  note.from = note.to = now;
  note.bytes = x_result.unread_bytes;
  for (const auto& [reason, count] : x_result.skipped) note.exchanges += count;
  JsonWriter json;
  json.begin_object();
  json.counts("skipped", x_result.skipped);
  json.field("damaged", x_result.damaged);
  json.end_object();
  note.json = json.take();
  return note;
}

Result<void> Import::finish(TapeWriter& writer, Time now) {
  if (const std::uint64_t left_out = x_sorter.left_out(); left_out > 0) {
    x_result.skipped["over_limit"] += left_out;
    x_result.damaged = true;
  }
  if (x_result.damaged || !x_result.skipped.empty()) {
    if (auto noted = writer.note(skipped_note(now), now); !noted) return noted;
  }
  const auto sealed = writer.seal(now);
  return sealed ? Result<void>() : sealed.error();
}

/// The tape's own times are those of its first exchange: the same input makes the same tape whenever it is imported.
Result<ImportResult> Import::write() {
  if (x_read == 0 && x_result.damaged && !x_result.partial) {
    if (!x_result.remarks.empty()) return make_error(x_result.remarks.front());
    return make_error(
        fmt::format("nothing in {} could be read: {}", name_of(x_options->files), list_of(x_result.skipped)));
  }
  std::optional<TapeWriter> writer;
  Time now{};
  const auto open = [&](Time first) -> Result<void> {
    now = first;
    auto created = create_tape(now);
    if (!created) return created.error();
    writer.emplace(std::move(*created));
    return {};
  };
  auto drained = x_sorter.drain([&](http::Exchange& exchange) -> Result<void> {
    if (!writer) {
      if (auto opened = open(sort_time(exchange)); !opened) return opened;
    }
    return append(*writer, exchange, now);
  });
  if (drained && !writer) drained = open(Time{});
  if (!drained) return drained.error();
  if (auto finished = finish(*writer, now); !finished) return finished.error();
  return std::move(x_result);
}

}  // namespace

Result<ImportResult> import_files(const ImportOptions& options) {
  Import import(options);
  if (auto read = import.read(); !read) return read.error();
  return import.write();
}

}  // namespace tapedeck::format
