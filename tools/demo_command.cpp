#include <filesystem>

#include <CLI/CLI.hpp>
#include <boost/system/system_error.hpp>
#include <fmt/format.h>

#include "base/clock.hpp"
#include "base/quantity.hpp"
#include "capture/recorder.hpp"
#include "proxy/serve.hpp"
#include "replay/replay.hpp"
#include "replay/report.hpp"
#include "tools/command.hpp"
#include "tools/demo_load.hpp"
#include "tools/demo_services.hpp"
#include "tools/stop_signals.hpp"

namespace tapedeck::tools {
namespace {

struct DemoOptions {
  std::filesystem::path dir = "tapedeck-demo";
  std::filesystem::path tape() const { return dir / "demo.tape"; }
  std::filesystem::path report() const { return dir / "report.html"; }
};

/// Load on the old service through the recording proxy.
Result<capture::RecorderStats> record_old_service(const DemoOptions& options) {
  const DemoService service(DemoService::Version::old_shop);
  capture::RecorderOptions recording;
  recording.out = options.tape();
  recording.overwrite = format::Overwrite::force;
  auto recorder = capture::Recorder::create(std::move(recording), system_clock());
  if (!recorder) return recorder.error();
  proxy::ProxyConfig config;
  config.listen.host = "127.0.0.1";
  config.upstream.host = "127.0.0.1";
  config.upstream.port = service.port();
  config.forward.upstream_authority = config.upstream.authority();
  auto proxy = proxy::Proxy::start(config, **recorder, system_clock());
  if (!proxy) return proxy.error();
  DemoLoadOptions load;
  load.port = (*proxy)->port();
  print(fmt::format("1. Recording: {:.0f} requests/s for {} -> proxy :{} -> old service :{}\n", load.rate,
                    format_duration(load.duration), load.port, service.port()));
  const auto counts = run_demo_load(load, system_clock());
  (*proxy)->drain();
  auto stats = (*recorder)->finish();
  if (!stats) return stats.error();
  print(fmt::format("   {} requests sent, {} answered; {} recorded, {} dropped, on {}\n", counts.sent, counts.answered,
                    stats->recorded, stats->dropped, options.tape().string()));
  return stats;
}

Result<replay::ReplayResult> replay_to_new_service(const DemoOptions& options, std::stop_token stop) {
  const DemoService service(DemoService::Version::new_shop);
  replay::ReplayOptions run;
  run.tapes = {options.tape()};
  run.target.host = "127.0.0.1";
  run.target.port = service.port();
  run.speed = 10;
  run.methods = replay::Methods::all;
  print(fmt::format("2. Replaying it at 10x against the new service :{}\n", service.port()));
  auto result = replay::run_replay(
      run, system_clock(), [](const replay::Progress&) {}, stop);
  if (!result) return result.error();
  print(fmt::format("   {} sent at {:.0f}/s ({:.0f}/s wanted), lateness p99 {}; {} answered, {} failed\n", result->sent,
                    result->achieved_rps, result->offered_rps, format_duration(result->lateness.quantile(0.99)),
                    result->answered, replay::total(result->failed)));
  return result;
}

/// Endpoints whose median at least doubled and rose by what a person would notice.
std::string slower_endpoints(const replay::ReplayResult& result) {
  constexpr Duration kNoticeable = std::chrono::milliseconds(5);
  constexpr std::uint64_t kEnough = 30;
  std::string text;
  for (const auto& [endpoint, load] : result.endpoints) {
    const Duration live = load.latency.quantile(0.5);
    const Duration recorded = load.recorded_latency.quantile(0.5);
    if (load.latency.count() < kEnough || live < 2 * recorded || live - recorded < kNoticeable) continue;
    text += fmt::format("- {}: slower: median {}, recorded {}\n", to_string(endpoint), format_duration(live),
                        format_duration(recorded));
  }
  return text;
}

std::string verdict_text(const replay::ReplayResult& result, const DemoOptions& options) {
  std::string text =
      fmt::format("verdict: {}\n", result.conclusion.verdict ? name_of(*result.conclusion.verdict) : "none");
  for (const auto& cluster : result.conclusion.clusters) {
    text += fmt::format("- {}{}\n", cluster.sentence, cluster.noise ? fmt::format(" (noise: {})", *cluster.noise) : "");
    for (const auto& member : cluster.members) text += fmt::format("  with it: {}\n", member);
  }
  return text + slower_endpoints(result) + fmt::format("report: {}\n", options.report().string());
}

Result<void> play(const DemoOptions& options, std::stop_token stop) {
  std::error_code failed;
  std::filesystem::create_directories(options.dir, failed);
  if (failed) return make_error(fmt::format("--dir {}: {}", options.dir.string(), failed.message()));
  const auto recorded = record_old_service(options);
  if (!recorded) return recorded.error();
  const auto result = replay_to_new_service(options, stop);
  if (!result) return result.error();
  if (const auto written = replay::write_report(*result, options.report()); !written) return written.error();
  print(fmt::format("3. Compared {} answers: {} identical, {} different\n\n", result->comparison.compared(),
                    result->comparison.identical(), result->comparison.different()));
  print(verdict_text(*result, options));
  return {};
}

/// The demo ends well when it reached its verdict, whatever that says.
ExitStatus demo(const DemoOptions& options) {
  StopSignals signals;
  try {
    const auto played = play(options, signals.token());
    return played ? ExitStatus::ok : trouble(played.error());
  } catch (const boost::system::system_error& error) {
    return trouble(make_error(error.code(), fmt::format("demo service on loopback: {}", error.what())));
  }
}

}  // namespace

void add_demo_command(CLI::App& app, ExitStatus& status) {
  auto options = std::make_shared<DemoOptions>();
  CLI::App* command = app.add_subcommand(
      "demo",
      "The main job on loopback: record an old service under load, replay at 10x against a new one, compare, report");
  command->add_option("--dir", options->dir, "Where the tape and report.html go")->capture_default_str();
  command->footer("Examples:\n  tapedeck demo\n  tapedeck demo --dir /tmp/demo && xdg-open /tmp/demo/report.html");
  command->callback([options, &status] { status = demo(*options); });
}

}  // namespace tapedeck::tools
