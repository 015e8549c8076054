#include "capture/loss_notes.hpp"

#include <algorithm>

namespace tapedeck::capture {
namespace {

constexpr Duration kApart = std::chrono::seconds(1);

/// What traffic itself did is a fact; anything else was missed.
format::NoteLevel level_of(http::Reason reason) {
  switch (reason) {
    case http::Reason::one_sided:
    case http::Reason::cut_off:
    case http::Reason::aborted:
    case http::Reason::parse_error:
    case http::Reason::filter:
    case http::Reason::sample: return format::NoteLevel::fact;
    default: return format::NoteLevel::loss;
  }
}

}  // namespace

void LossNotes::add(const http::Loss& loss) {
  const auto [place, is_new] = x_waiting.try_emplace(loss.reason);
  format::Note& note = place->second;
  if (is_new) {
    note.reason = loss.reason;
    note.level = level_of(loss.reason);
    note.from = loss.from;
    note.to = loss.to;
  }
  note.from = std::min(note.from, loss.from);
  note.to = std::max(note.to, loss.to);
  note.exchanges += loss.exchanges;
  note.bytes += loss.bytes;
  note.packets += loss.packets;
}

std::vector<format::Note> LossNotes::due(Time now) {
  std::vector<format::Note> notes;
  std::erase_if(x_waiting, [&](const auto& entry) {
    const auto written = x_written.find(entry.first);
    if (written != x_written.end() && now - written->second < kApart) return false;
    x_written[entry.first] = now;
    notes.push_back(entry.second);
    return true;
  });
  return notes;
}

std::vector<format::Note> LossNotes::all(Time now) {
  x_written.clear();
  return due(now);
}

}  // namespace tapedeck::capture
