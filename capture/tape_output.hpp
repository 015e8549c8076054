#pragma once
#include <cstdint>
#include <optional>
#include <string>

#include "capture/loss_notes.hpp"
#include "capture/pending_rows.hpp"
#include "capture/recorder.hpp"
#include "capture/segment_files.hpp"
#include "format/tape_writer.hpp"

namespace tapedeck::capture {

/// The tape side of a recorder: rotation, disk trouble, notes, and the account of what reached the file. Nothing here
/// fails outward once begun: what cannot be written is dropped, counted and noted when there is a tape again.
/// `now` is tape time (capture time for capture files); `mono` paces what has to do with the disk.
class TapeOutput {
 public:
  /// Opens the file, or makes the directory.
  static Result<TapeOutput> create(const RecorderOptions& options, RecorderAccount& account);

  /// Starts the first segment.
  Result<void> begin(Time now);
  bool begun() const { return x_state != State::waiting; }

  /// A whole exchange. False if it was dropped; then it is booked.
  bool append(const http::Exchange& exchange, Time now, format::StreamedBodies bodies = {});
  /// The request side of one that goes on; nothing if that cannot be written now. It is booked by complete().
  std::optional<http::ExchangeId> open(const http::Exchange& exchange, Time now, format::StreamedBodies bodies);
  void complete(const http::ExchangeId& id, const http::Exchange& exchange, Time now, format::StreamedBodies bodies);
  /// Books an exchange with an opening row that will never be completed, for the tape was interrupted.
  void book_interrupted(const http::ExchangeId& id);

  /// A body in parts. append_body() is false if the tape is, or is now, interrupted.
  format::BlobNumber begin_body();
  bool append_body(format::BlobNumber body, format::BodyPart part, Time now);
  void forget_body(format::BlobNumber body);

  /// Held by the tape's writer.
  std::uint64_t memory() const { return x_writer ? x_writer->memory() : 0; }
  bool is_writing() const { return x_state == State::writing; }
  bool is_paused() const { return x_state == State::paused; }
  /// How often the tape stopped taking what is under way: nothing of that may be handed over any more. Why, last time.
  std::uint64_t interruptions() const { return x_interruptions; }
  http::Reason drop_reason() const { return x_drop_reason; }
  /// Books the exchange as dropped, and notes it.
  void drop(const http::Exchange& exchange, http::Reason reason);

  /// Something for a note; not booked here.
  void note(const http::Loss& loss) { x_notes.add(loss); }
  void tick(Time now, MonoTime mono, Time watermark);
  /// Before the last rows: begins, or tries once more after trouble.
  void make_ready(Time now);
  /// Seals. Everything is booked then.
  void finish(Time now);

 private:
  enum class State : std::uint8_t {
    waiting,  // not begun
    writing,
    paused,  // too little free space: the segment stays open and nothing is added to it
    failed,  // the segment is lost: a new one is tried
  };

  TapeOutput(const RecorderOptions& options, RecorderAccount& account, SegmentFiles files);

  Result<void> open_segment(Time now);
  void try_new_segment(Time now);
  void rotate_if_due(Time now);
  bool rotation_is_due(Time now) const;
  void watch_free_space();
  void write_notes(std::vector<format::Note> notes, Time now);
  void fail(const Error& error);
  void settle();
  format::Acknowledged acknowledged() const;

  const RecorderOptions* x_options;  // outlives this
  RecorderAccount* x_account;        // outlives this
  SegmentFiles x_files;
  http::RecordingId x_recording;
  std::optional<format::TapeWriter> x_writer;
  State x_state = State::waiting;
  http::Reason x_drop_reason = http::Reason::none;  // while paused or failed
  MonoTime x_mono{};                                // as of the last tick
  MonoTime x_next_try{};                            // of a new segment
  MonoTime x_next_look{};                           // at the free space
  Time x_segment_start{};
  std::uint64_t x_segment_rows = 0;  // and parts of bodies
  std::uint64_t x_interruptions = 0;
  PendingRows x_pending;
  LossNotes x_notes;
};

}  // namespace tapedeck::capture
