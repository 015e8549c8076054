#pragma once
#include <cstdint>
#include <optional>
#include <string>

#include "base/error.hpp"
#include "format/tape_reader.hpp"
#include "http/filter.hpp"

namespace CLI {
class App;
}

namespace tapedeck::tools {

/// `--filter --sample --from --to` of the commands that read a tape.
struct Selection {
  http::Filter filter;
  http::Sample sample;
  std::string from;  // text: `+90s` needs the tape's start
  std::string to;

  bool keeps(const http::Exchange& exchange) const;
  /// Relative times count from the tape's start.
  Result<format::TimeRange> range(const format::TapeReader& reader) const;
};

enum class ToFlag : std::uint8_t { offer, taken };  // taken: --to means something else for this command, too

void add_selection(CLI::App* command, Selection& selection, ToFlag to = ToFlag::offer);
/// What is wrong with the text of a recorded time; empty if nothing is.
std::string time_problem(const std::string& text);
void add_filter_and_sample(CLI::App* command, http::Filter& filter, http::Sample& sample);

}  // namespace tapedeck::tools
