#include <algorithm>
#include <vector>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "base/byte_size.hpp"
#include "base/quantity.hpp"
#include "tools/command.hpp"
#include "tools/tape_input.hpp"

namespace tapedeck::tools {
namespace {

struct InfoOptions {
  TapeInput tape;
  bool json = false;
};

constexpr std::size_t kEndpointsShown = 20;

std::string counts_line(const std::map<std::string, std::uint64_t>& counts) {
  std::string line;
  for (const auto& [name, count] : counts) line += fmt::format("{}{} {}", line.empty() ? "" : " · ", name, count);
  return line.empty() ? "none" : line;
}

std::string endpoint_table(const format::TapeSummary& summary) {
  std::vector<std::pair<http::Endpoint, const format::EndpointTotals*>> rows;
  for (const auto& [endpoint, totals] : summary.endpoints) rows.emplace_back(endpoint, &totals);
  std::stable_sort(rows.begin(), rows.end(),
                   [](const auto& a, const auto& b) { return a.second->count > b.second->count; });
  std::string text = fmt::format("\n{:>10} {:>8} {:>10} {:>10}  endpoint\n", "exchanges", "errors", "p50", "p99");
  for (std::size_t i = 0; i < std::min(rows.size(), kEndpointsShown); ++i) {
    const auto& [endpoint, totals] = rows[i];
    text += fmt::format("{:>10} {:>8} {:>10} {:>10}  {}\n", totals->count, totals->errors,
                        format_duration(totals->latency.quantile(0.5)), format_duration(totals->latency.quantile(0.99)),
                        to_string(endpoint));
  }
  if (rows.size() > kEndpointsShown)
    text += fmt::format("{:>10} more endpoints: --json\n", rows.size() - kEndpointsShown);
  return text;
}

std::string for_people(const std::string& tape, const format::TapeSummary& s) {
  std::string text = fmt::format("{}: {} exchanges in {}, {} segment(s), {} sealed\n", tape, s.exchanges,
                                 to_string(ByteSize{s.bytes}), s.segments, s.sealed);
  if (s.exchanges > 0) {
    text += fmt::format("  from      {}\n  to        {} ({})\n", format_time(s.start), format_time(s.end),
                        format_duration(s.end - s.start));
  }
  text += fmt::format("  status    {}\n  methods   {}\n  flags     {}\n", counts_line(s.status_classes),
                      counts_line(s.methods), counts_line(s.flags));
  text += fmt::format("  bodies    requests {}, responses {}\n", to_string(ByteSize{s.request_body_bytes}),
                      to_string(ByteSize{s.response_body_bytes}));
  for (const auto& [reason, loss] : s.losses) {
    text += fmt::format("  {}: {} exchanges, {}, {} packets\n", reason, loss.exchanges, to_string(ByteSize{loss.bytes}),
                        loss.packets);
  }
  return s.exchanges > 0 ? text + endpoint_table(s) : text;
}

ExitStatus info(const InfoOptions& options) {
  auto reader = options.tape.open();
  if (!reader) return trouble(reader.error());
  const auto summary = reader->summary();
  if (!summary) return trouble(summary.error());
  if (!print(options.json ? summary->to_json() + "\n" : for_people(options.tape.path, *summary)))
    return ExitStatus::trouble;
  return reader->damage().intact() ? ExitStatus::ok : ExitStatus::loss;
}

}  // namespace

void add_info_command(CLI::App& app, ExitStatus& status) {
  auto options = std::make_shared<InfoOptions>();
  CLI::App* command = app.add_subcommand("info", "Totals of a tape: time span, endpoints, losses");
  add_tape_input(command, options->tape);
  command->add_flag("--json", options->json, "The totals as JSON");
  command->footer("Examples:\n  tapedeck info monday.tape\n  tapedeck info monday.tape --json | jq .endpoints");
  command->callback([options, &status] { status = info(*options); });
}

}  // namespace tapedeck::tools
