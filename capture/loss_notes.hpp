#pragma once
#include <map>
#include <vector>

#include "format/note.hpp"
#include "http/exchange_sink.hpp"

namespace tapedeck::capture {

/// Losses that wait to be written on the tape: at most one note a second for each reason.
class LossNotes {
 public:
  void add(const http::Loss& loss);
  /// Takes out those that may be written now.
  std::vector<format::Note> due(Time now);
  /// Takes out all.
  std::vector<format::Note> all(Time now);

 private:
  std::map<http::Reason, format::Note> x_waiting;
  std::map<http::Reason, Time> x_written;
};

}  // namespace tapedeck::capture
