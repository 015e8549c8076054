#include "capture/tape_output.hpp"

#include <cerrno>
#include <utility>

#include <fmt/format.h>

#include "format/format_error.hpp"

namespace tapedeck::capture {
namespace {

using namespace std::chrono_literals;

constexpr Duration kTryAgain = 5s;
constexpr Duration kLookAgain = 1s;
constexpr ByteSize kRotateSize = 1_GiB;
constexpr Duration kRotateEvery = 1h;

http::Reason reason_of(const Error& error) {
  namespace errc = boost::system::errc;
  const bool full =
      error.code == errc::no_space_on_device || error.code == error_code(EDQUOT, boost::system::system_category());
  return full ? http::Reason::disk_full : http::Reason::io_error;
}

ByteSize free_space_of(const std::filesystem::path& directory) {
  std::error_code failed;
  const auto space = std::filesystem::space(directory, failed);
  return {failed ? UINT64_MAX : space.available};  // what cannot be known stops nothing
}

http::Loss loss_of(const http::Exchange& exchange, http::Reason reason) {
  http::Loss loss;
  loss.reason = reason;
  loss.exchanges = 1;
  loss.bytes = exchange.request.body.bytes.size() + exchange.response.body.bytes.size();
  loss.from = exchange.request.first;
  loss.to = exchange.response.last;
  return loss;
}

}  // namespace

Result<TapeOutput> TapeOutput::create(const RecorderOptions& options, RecorderAccount& account) {
  auto files = SegmentFiles::create(options.out, options.overwrite,
                                    options.create_sink ? options.create_sink : &format::create_file_sink);
  if (!files) return files.error();
  if (!files->is_directory() && (options.rotate_size || options.rotate_every)) {
    return make_error(fmt::format("rotation needs a directory, and {} is a file: write --out {}/", options.out.string(),
                                  options.out.string()));
  }
  return TapeOutput(options, account, std::move(*files));
}

TapeOutput::TapeOutput(const RecorderOptions& options, RecorderAccount& account, SegmentFiles files)
    : x_options(&options),
      x_account(&account),
      x_files(std::move(files)),
      x_recording(options.tape.recording.value_or(http::RecordingId{})) {}

Result<void> TapeOutput::begin(Time now) {
  if (auto opened = open_segment(now); !opened) {
    fail(opened.error());
    return opened;
  }
  x_state = State::writing;
  watch_free_space();
  return {};
}

/// The next segment, behind the present one if there is one.
Result<void> TapeOutput::open_segment(Time now) {
  // Drawn anew at each try: a failed one may have used nonces that follow from its id.
  if (!x_writer && !x_options->tape.recording) x_recording = format::random_recording();
  auto sink = x_files.open(x_recording, x_writer ? x_writer->segment() + 1 : 0, now);
  if (!sink) return sink.error();
  if (x_writer) {
    auto started = x_writer->next_segment(std::move(*sink), now);
    if (!started) {
      x_files.discard();
      return started;
    }
  } else {
    format::TapeOptions tape = x_options->tape;
    tape.recording = x_recording;
    tape.random_id = !x_options->tape.recording;
    auto writer = format::TapeWriter::create(std::move(*sink), tape, now);
    if (!writer) {
      x_files.discard();
      return writer.error();
    }
    x_writer.emplace(std::move(*writer));
    format::Note first;
    first.from = first.to = now;
    first.json = x_options->note_json;
    if (auto noted = x_writer->note(first, now); !noted) return noted;
  }
  x_segment_start = now;
  x_segment_rows = 0;
  return {};
}

bool TapeOutput::append(const http::Exchange& exchange, Time now, format::StreamedBodies bodies) {
  if (x_state == State::writing) rotate_if_due(now);
  if (x_state != State::writing) {
    drop(exchange, x_drop_reason);
    return false;
  }
  const auto id = x_writer->append(exchange, now, bodies);
  if (!id) {
    if (id.error().code == format::errc::limit_exceeded) {
      drop(exchange, http::Reason::head_limit);
      return false;
    }
    fail(id.error());
    drop(exchange, x_drop_reason);
    return false;
  }
  ++x_segment_rows;
  x_pending.add(id->ordinal, exchange.reason);
  return true;
}

std::optional<http::ExchangeId> TapeOutput::open(const http::Exchange& exchange, Time now,
                                                 format::StreamedBodies bodies) {
  if (x_state == State::writing) rotate_if_due(now);
  if (x_state != State::writing) return std::nullopt;
  const auto id = x_writer->open(exchange, now, bodies);
  if (!id) {
    if (id.error().code != format::errc::limit_exceeded) fail(id.error());
    return std::nullopt;
  }
  ++x_segment_rows;
  return *id;
}

void TapeOutput::complete(const http::ExchangeId& id, const http::Exchange& exchange, Time now,
                          format::StreamedBodies bodies) {
  if (x_state == State::failed) return book_interrupted(id);
  const auto number = x_writer->complete(id, exchange, now, bodies);
  if (number) {
    ++x_segment_rows;
    x_pending.add_completion(*number, id.ordinal, exchange.reason);
  } else if (number.error().code == format::errc::limit_exceeded && exchange.has_response()) {
    http::Exchange cut = exchange;
    http::remove_response(cut);
    cut.interim.clear();
    cut.gaps.clear();
    cut.reason = http::Reason::head_limit;
    complete(id, cut, now, {bodies.request, 0});
  } else {
    fail(number.error());
    book_interrupted(id);
  }
}

void TapeOutput::book_interrupted(const http::ExchangeId& id) {
  if (id.ordinal < acknowledged().written) {
    x_account->incomplete(x_drop_reason);
  } else {
    x_account->dropped(x_drop_reason);
  }
}

format::BlobNumber TapeOutput::begin_body() { return x_writer->begin_body(); }

bool TapeOutput::append_body(format::BlobNumber body, format::BodyPart part, Time now) {
  if (x_state == State::writing) rotate_if_due(now);
  if (x_state == State::failed) return false;
  if (const auto appended = x_writer->append_body(body, std::move(part), now); !appended) {
    fail(appended.error());
    return false;
  }
  ++x_segment_rows;
  return true;
}

void TapeOutput::forget_body(format::BlobNumber body) {
  if (x_writer) x_writer->forget_body(body);
}

void TapeOutput::drop(const http::Exchange& exchange, http::Reason reason) {
  x_account->dropped(reason);
  x_notes.add(loss_of(exchange, reason));
}

bool TapeOutput::rotation_is_due(Time now) const {
  if (!x_files.is_directory() || x_segment_rows == 0) return false;
  return x_writer->segment_bytes() >= x_options->rotate_size.value_or(kRotateSize).bytes ||
         now - x_segment_start >= x_options->rotate_every.value_or(kRotateEvery);
}

void TapeOutput::rotate_if_due(Time now) {
  if (!rotation_is_due(now) || x_mono < x_next_try) return;
  const std::uint32_t before = x_writer->segment();
  const auto opened = open_segment(now);
  if (opened) {
    settle();
    return;
  }
  // No new file: the old one goes on as long as it can. If it is the writer that failed, so does the segment.
  x_next_try = x_mono + kTryAgain;
  x_account->remark(opened.error().message);
  if (x_writer->segment() != before || !x_writer->tick(now, Time::min())) fail(opened.error());
}

void TapeOutput::tick(Time now, MonoTime mono, Time watermark) {
  x_mono = mono;
  if (x_state == State::waiting) return;
  if (x_state == State::failed) {
    if (mono >= x_next_try) try_new_segment(now);
    return;
  }
  if (mono >= x_next_look) watch_free_space();
  if (x_state == State::writing) rotate_if_due(now);
  if (x_state == State::writing) write_notes(x_notes.due(now), now);
  if (x_state == State::failed) return;
  if (const auto ticked = x_writer->tick(now, watermark); !ticked) {
    fail(ticked.error());
    return;
  }
  settle();
}

void TapeOutput::watch_free_space() {
  x_next_look = x_mono + kLookAgain;
  if (x_options->keep_free.bytes == 0) return;
  const ByteSize free = (x_options->free_space ? x_options->free_space : free_space_of)(x_files.directory());
  if (free < x_options->keep_free) {
    if (x_state == State::writing) ++x_interruptions;
    x_state = State::paused;
    x_drop_reason = http::Reason::disk_full;
    x_account->trouble(
        fmt::format("{} has {} of free space, and {} are to be kept: free some, or choose another --keep-free",
                    x_files.directory().string(), to_string(free), to_string(x_options->keep_free)));
  } else if (x_state == State::paused) {
    x_state = State::writing;
    x_account->trouble_is_over();
  }
}

void TapeOutput::try_new_segment(Time now) {
  x_next_try = x_mono + kTryAgain;
  if (const auto opened = open_segment(now); !opened) {
    fail(opened.error());
    return;
  }
  x_state = State::writing;
  x_account->trouble_is_over();
  watch_free_space();
  write_notes(x_notes.all(now), now);
}

void TapeOutput::write_notes(std::vector<format::Note> notes, Time now) {
  for (const format::Note& note : notes) {
    if (const auto noted = x_writer->note(note, now); !noted) {
      fail(noted.error());
      return;
    }
  }
}

/// Rows that did not reach the file are gone; the writer itself notes them on the next segment.
void TapeOutput::fail(const Error& error) {
  settle();
  x_state = State::failed;
  ++x_interruptions;
  x_drop_reason = reason_of(error);
  x_next_try = x_mono + kTryAgain;
  x_pending.lost(acknowledged(), x_drop_reason, *x_account);
  x_account->trouble(error.message);
}

format::Acknowledged TapeOutput::acknowledged() const {
  return x_writer ? x_writer->acknowledged() : format::Acknowledged{};
}

void TapeOutput::settle() {
  if (!x_writer) return;
  x_pending.written(acknowledged(), *x_account);
  x_account->set_bytes(x_files.bytes());
}

void TapeOutput::make_ready(Time now) {
  if (x_state == State::waiting) {
    (void)begin(now);  // its failure is booked as trouble
  } else if (x_state == State::failed) {
    try_new_segment(now);
  }
}

void TapeOutput::finish(Time now) {
  if (x_state == State::failed) return;
  write_notes(x_notes.all(now), now);
  if (x_state == State::failed) return;
  if (const auto sealed = x_writer->seal(now); !sealed) {
    fail(sealed.error());
    return;
  }
  settle();
  x_pending.lost(acknowledged(), http::Reason::io_error, *x_account);  // a writer that sealed has none left
}

}  // namespace tapedeck::capture
