#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include <fmt/format.h>

#include "base/quantity.hpp"
#include "diff/wording.hpp"
#include "replay/report.hpp"

namespace tapedeck::replay {
namespace {

using diff::grouped;
using diff::percent;

constexpr std::size_t kClusters = 10;
constexpr std::size_t kEndpoints = 20;
constexpr std::size_t kMaxText = 300;

/// Text for a table cell: nothing in it is Markdown or HTML. Cut to 300 bytes.
std::string plain(std::string_view text) {
  std::string out;
  for (const char c : text.substr(0, kMaxText)) {
    if (std::string_view("\\`*_[]<|~").find(c) != std::string_view::npos) out += '\\';
    out += static_cast<unsigned char>(c) < 0x20 ? ' ' : c;
  }
  while (text.size() > kMaxText && !out.empty() && (static_cast<unsigned char>(out.back()) & 0xC0) == 0x80)
    out.pop_back();
  if (text.size() > kMaxText && !out.empty() && static_cast<unsigned char>(out.back()) >= 0xC0) out.pop_back();
  return text.size() > kMaxText ? out + "..." : out;
}

/// The same in a code span: backticks cannot be escaped there.
std::string code(std::string_view text) {
  std::string out(text.substr(0, 80));
  while (!out.empty() && text.size() > 80 && (static_cast<unsigned char>(out.back()) & 0x80) != 0) out.pop_back();
  for (char& c : out) {
    if (c == '`') c = '\'';
    if (c == '|') c = '/';
    if (static_cast<unsigned char>(c) < 0x20) c = ' ';
  }
  if (text.size() > 80) out += "...";
  return out.empty() ? "(nothing)" : "`" + out + "`";
}

std::string reasons(const Counts& counts) {
  std::string out;
  for (const auto& [reason, count] : counts)
    out += fmt::format("{}{} {}", out.empty() ? "" : ", ", plain(reason), grouped(count));
  return out;
}

void append_verdict(std::string& out, const diff::Conclusion& conclusion) {
  const auto word = conclusion.verdict ? diff::name_of(*conclusion.verdict) : std::string_view("no verdict");
  out += fmt::format("## tapedeck: {}\n\n{}\n\n", word, plain(conclusion.sentence));
}

void append_comparison(std::string& out, const diff::Aggregate& all) {
  out += fmt::format(
      "| compared | alike | differ | no answer | not compared |\n|---:|---:|---:|---:|---|\n| {} | {} | {} | {} | {} "
      "|\n\n",
      grouped(all.compared()), grouped(all.identical()), grouped(all.different()), grouped(all.no_answer()),
      all.not_compared().empty() ? "0" : reasons(all.not_compared()));
}

struct SideNames {
  std::string_view primary, candidate;
};

void append_clusters(std::string& out, const diff::Conclusion& conclusion, const SideNames& sides) {
  std::size_t shown = 0;
  std::size_t noise = 0;
  std::string rows;
  for (const diff::Cluster& cluster : conclusion.clusters) {
    if (cluster.noise) {
      ++noise;
      continue;
    }
    if (++shown > kClusters) continue;
    const diff::Example none;
    const diff::Example& example = cluster.examples.empty() ? none : cluster.examples.front();
    rows += fmt::format("| {} | {} | {} | {} | {} |\n", diff::name_of(diff::severity_of(cluster.key.kind)),
                        plain(cluster.sentence), code(example.request), code(example.primary), code(example.candidate));
  }
  if (shown != 0) {
    out += fmt::format("### Differences\n\n| | what | for example | {} | {} |\n|---|---|---|---|---|\n{}\n",
                       sides.primary, sides.candidate, rows);
    if (shown > kClusters) out += fmt::format("... and {} more.\n\n", shown - kClusters);
  }
  if (noise != 0) out += fmt::format("{} more differ in every run (noise) and do not count.\n\n", noise);
}

void append_endpoints(std::string& out, const diff::Aggregate& all) {
  std::vector<std::pair<http::Endpoint, diff::EndpointCounts>> rows;
  for (const auto& row : all.endpoints()) rows.push_back(row);
  const auto bad = [](const auto& row) { return row.second.different + row.second.no_answer; };
  std::stable_sort(rows.begin(), rows.end(), [&](const auto& a, const auto& b) {
    return bad(a) != bad(b) ? bad(a) > bad(b) : a.second.pairs > b.second.pairs;
  });
  if (rows.empty()) return;
  out += "### Endpoints\n\n| endpoint | pairs | differ | no answer |\n|---|---:|---:|---:|\n";
  for (std::size_t i = 0; i < std::min(rows.size(), kEndpoints); ++i) {
    const auto& [endpoint, counts] = rows[i];
    out += fmt::format("| {} | {} | {} | {} |\n", plain(http::to_string(endpoint)), grouped(counts.pairs),
                       grouped(counts.different), grouped(counts.no_answer));
  }
  if (rows.size() > kEndpoints) out += fmt::format("\n... and {} more.\n", rows.size() - kEndpoints);
  out += "\n";
}

void append_latency(std::string& out, std::string_view name, const Histogram& h) {
  if (h.count() == 0) return;
  out += fmt::format("| {} | {} | {} | {} | {} |\n", name, format_duration(h.quantile(0.5)),
                     format_duration(h.quantile(0.9)), format_duration(h.quantile(0.99)), format_duration(h.max()));
}

constexpr std::string_view kLatencyHead = "### Latency\n\n| | p50 | p90 | p99 | max |\n|---|---:|---:|---:|---:|\n";

void append_thresholds(std::string& out, const std::vector<ThresholdResult>& thresholds) {
  for (const ThresholdResult& threshold : thresholds)
    out += fmt::format("- {}: {}\n", threshold.ok ? "kept" : "**crossed**", plain(threshold.expr));
  if (!thresholds.empty()) out += "\n";
}

}  // namespace

std::string markdown_report(const ReplayResult& r) {
  std::string out;
  if (!r.valid) out += "> **The generator itself was late: no latency below may be believed.**\n\n";
  append_verdict(out, r.conclusion);
  if (r.partial) out += "The run was ended early.\n\n";
  append_thresholds(out, r.thresholds);
  append_comparison(out, r.comparison);
  for (const auto& [name, counts] :
       {std::pair("Not selected", &r.unselected), {"Skipped", &r.skipped}, {"Failed", &r.failed}}) {
    if (!counts->empty()) out += fmt::format("{}: {}. ", name, reasons(*counts));
  }
  out += "\n\n";
  append_clusters(out, r.conclusion, {"recorded", "live"});
  append_endpoints(out, r.comparison);
  out += kLatencyHead;
  append_latency(out, "recorded", r.recorded_latency);
  append_latency(out, r.latency_from_due ? "live, from due" : "live, from the send", r.latency);
  append_latency(out, "lateness of the sends", r.lateness);
  out += fmt::format("\n{} requests in {}: {:.1f}/s of {:.1f}/s offered, against {}.\n", grouped(r.sent),
                     format_duration(r.wall), r.achieved_rps, r.offered_rps, code(r.target));
  return out;
}

std::string markdown_report(const TapeDiffResult& r) {
  std::string out;
  append_verdict(out, r.conclusion);
  if (r.partial) out += "The comparison was ended early.\n\n";
  append_thresholds(out, r.thresholds);
  append_comparison(out, r.comparison);
  append_clusters(out, r.conclusion, {"A", "B"});
  append_endpoints(out, r.comparison);
  out += kLatencyHead;
  append_latency(out, "A", r.primary_latency);
  append_latency(out, "B", r.candidate_latency);
  return out + fmt::format("\nA is {}, B is {}.\n", code(r.primary), code(r.candidate));
}

}  // namespace tapedeck::replay
