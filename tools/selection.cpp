#include "tools/selection.hpp"

#include <CLI/CLI.hpp>

#include "tools/parsed_option.hpp"

namespace tapedeck::tools {
namespace {

Result<std::optional<Time>> read_bound(const std::string& text, Time start) {
  if (text.empty()) return std::optional<Time>();
  const auto time = parse_time(text, start);
  if (!time) return time.error();
  return std::optional<Time>(*time);
}

}  // namespace

bool Selection::keeps(const http::Exchange& exchange) const {
  return (!exchange.connection || sample.keeps(*exchange.connection)) && filter.matches(exchange);
}

Result<format::TimeRange> Selection::range(const format::TapeReader& reader) const {
  const auto first = read_bound(from, reader.start());
  if (!first) return first.error();
  const auto last = read_bound(to, reader.start());
  if (!last) return last.error();
  return format::TimeRange{*first, *last};
}

void add_filter_and_sample(CLI::App* command, http::Filter& filter, http::Sample& sample) {
  add_parsed(
      command, "--filter", "EXPR", http::Filter::parse, [&filter](http::Filter read) { filter = std::move(read); },
      "Only exchanges that match, e.g. 'method == GET and path ~ \"^/api/\" and status < 500'");
  add_parsed(
      command, "--sample", "SHARE", parse_share, [&sample](double share) { sample = http::Sample(share); },
      "Only this share of the connections, e.g. 5%; the same ones in every run");
}

std::string time_problem(const std::string& text) {
  const auto time = parse_time(text, Time{});
  return time ? std::string() : time.error().message;
}

void add_selection(CLI::App* command, Selection& selection, ToFlag to) {
  add_filter_and_sample(command, selection.filter, selection.sample);
  const auto check = CLI::Validator([](std::string& text) { return time_problem(text); }, "TIME");
  command
      ->add_option("--from", selection.from,
                   "From this recorded time on: RFC 3339, ns since the epoch, or +90s from the start")
      ->check(check);
  if (to == ToFlag::taken) return;
  command->add_option("--to", selection.to, "Up to, not including, this recorded time")->check(check);
}

}  // namespace tapedeck::tools
