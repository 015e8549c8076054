#include <thread>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "base/clock.hpp"
#include "base/log.hpp"
#include "capture/recorder.hpp"
#include "replay/recorded_source.hpp"
#include "replay/replay.hpp"
#include "replay/report.hpp"
#include "tools/command.hpp"
#include "tools/first_note.hpp"
#include "tools/judging.hpp"
#include "tools/key_file.hpp"
#include "tools/parsed_option.hpp"
#include "tools/progress_line.hpp"
#include "tools/replay_summary.hpp"
#include "tools/selection.hpp"
#include "tools/stop_signals.hpp"

namespace tapedeck::tools {
namespace {

enum class Order { open, closed };

struct ReplayFlags {
  replay::ReplayOptions run;
  Selection selection;
  Order order = Order::open;
  std::string abort_on = "error_rate > 90%";
  Judging judging;
  std::string save;
  bool force = false;
  std::string hgrm;
  bool json = false;
};

using Choices = std::vector<std::pair<std::string, replay::WhenFull>>;

/// `recorded`, `pool:N`, `per-request`
void add_connections(CLI::App* command, replay::ReplayOptions& run) {
  command
      ->add_option_function<std::string>(
          "--connections",
          [&run](const std::string& text) {
            const std::string count = text.starts_with("pool:") ? text.substr(5) : "";
            if (text == "recorded") {
              run.connections = replay::ConnectionMode::recorded;
            } else if (text == "per-request") {
              run.connections = replay::ConnectionMode::per_request;
            } else if (!count.empty() && count.size() < 6 &&
                       count.find_first_not_of("0123456789") == std::string::npos && std::stoul(count) > 0) {
              run.connections = replay::ConnectionMode::pool;
              run.pool_size = std::stoul(count);
            } else {
              throw CLI::ValidationError("--connections",
                                         "\"" + text + "\": one of recorded, pool:N (N from 1), per-request");
            }
          },
          "A live connection for each recorded one, N in all, or one for each request")
      ->type_name("recorded|pool:N|per-request")
      ->default_str("recorded");
}

void add_pace(CLI::App* command, ReplayFlags& flags) {
  auto& run = flags.run;
  auto* speed = add_parsed(
      command, "--speed", "SPEED", parse_speed, [&run](double value) { run.speed = value; },
      "Recorded pace times this: 10x, 0.5x", "1x");
  auto* rate = add_parsed(
      command, "--rate", "N/s", parse_rate, [&run](double value) { run.rate = value; },
      "So many requests a second instead of the recorded times");
  auto* asap = command->add_flag("--asap", run.asap, "As fast as the answers come (closed loop)");
  rate->excludes(speed);
  asap->excludes(speed)->excludes(rate);
  add_choice(command, "--order",
             std::vector<std::pair<std::string, Order>>{{"open", Order::open}, {"closed", Order::closed}}, &flags.order,
             "open: at the due time, answered or not; closed: as --asap");
  add_parsed(
      command, "--duration", "DURATION", parse_duration, [&run](Duration value) { run.duration = value; },
      "Only so much of the recorded time");
  command->add_option("--count", run.count, "Only the first N requests")->type_name("N");
  command->add_option("--loop", run.loop, "Play the selection so many times")
      ->check(CLI::Range(1u, 1'000'000u))
      ->type_name("N");
}

void add_load(CLI::App* command, replay::ReplayOptions& run) {
  add_connections(command, run);
  command->add_option("--workers", run.workers, "Threads that send")
      ->check(CLI::Range(1u, 256u))
      ->capture_default_str();
  command->add_option("--max-in-flight", run.max_in_flight, "Unanswered requests at most (default 10000; closed: 64)")
      ->check(CLI::Range(std::size_t{1}, std::size_t{10'000'000}))
      ->type_name("N");
  add_choice(
      command, "--when-full",
      Choices{{"queue", replay::WhenFull::queue}, {"drop", replay::WhenFull::drop}, {"abort", replay::WhenFull::abort}},
      &run.when_full, "What --max-in-flight does to the next request");
  add_duration(command, "--timeout", &run.timeout, "From the send to the whole answer");
  add_duration(command, "--connect-timeout", &run.connect_timeout, "For a connection");
  add_duration(command, "--open-ahead", &run.open_ahead, "Connections open so long before their first request is due");
  add_choice(command, "--wait",
             std::vector<std::pair<std::string, replay::Wait>>{
                 {"hybrid", replay::Wait::hybrid}, {"sleep", replay::Wait::sleep}, {"spin", replay::Wait::spin}},
             &run.wait, "How to wait for a due time: timer and a short spin, timer alone, spin alone");
  add_size(command, "--memory", &run.memory, "For requests read ahead and answers to compare");
}

void add_what(CLI::App* command, ReplayFlags& flags) {
  add_selection(command, flags.selection);
  add_key_file(command, flags.run.read.key,
               "The 32 bytes that encrypted tapes were written with; --save encrypts, too");
  add_choice(command, "--methods",
             std::vector<std::pair<std::string, replay::Methods>>{{"safe", replay::Methods::safe},
                                                                  {"all", replay::Methods::all}},
             &flags.run.methods, "safe: GET HEAD OPTIONS; all: what changes the target's data too");
  add_choice(command, "--host",
             std::vector<std::pair<std::string, http::HostHeader>>{{"keep", http::HostHeader::keep},
                                                                   {"target", http::HostHeader::target}},
             &flags.run.host, "The Host header: the recorded one, or the target's");
  command->add_flag("--allow-recorded-host", flags.run.allow_recorded_host,
                    "Replay onto the very host that was recorded");
}

void add_output(CLI::App* command, ReplayFlags& flags) {
  add_judging(command, flags.judging);
  command->add_option("--abort-on", flags.abort_on, "End the run when this holds over 10 s, or none")
      ->type_name("EXPR")
      ->capture_default_str();
  add_duration(command, "--lateness-budget", &flags.run.lateness_budget,
               "Requests later than this are counted late; p99 beyond it makes the run invalid");
  command->add_option("--save", flags.save, "The live answers as a tape")->type_name("FILE");
  command->add_flag("--force", flags.force, "Overwrite --save's file");
  command->add_option("--hgrm", flags.hgrm, "The latency percentiles as .hgrm")->type_name("FILE");
  command->add_flag("--json", flags.json, "The result as JSON");
}

Result<std::unique_ptr<capture::Recorder>> open_saver(const ReplayFlags& flags) {
  capture::RecorderOptions options;
  options.out = flags.save;
  options.tape.key = flags.run.read.key;
  options.overwrite = flags.force ? format::Overwrite::force : format::Overwrite::refuse;
  options.note_json = first_note("replay --save");
  return capture::Recorder::create(std::move(options), system_clock());
}

/// The recorded window needs the tape's start when it is relative.
Result<void> read_selection(ReplayFlags& flags, const format::TapeReader& first) {
  flags.run.filter = flags.selection.filter;
  flags.run.sample = flags.selection.sample;
  const auto range = flags.selection.range(first);
  if (!range) return range.error();
  flags.run.range = *range;
  return {};
}

Result<void> read_thresholds(ReplayFlags& flags) {
  flags.run.fail_on = flags.judging.fail_on;
  flags.run.compare = flags.judging.compare;
  if (flags.abort_on == "none") return {};
  auto abort_on = replay::Threshold::parse(flags.abort_on);
  if (!abort_on) return make_error("--abort-on: " + abort_on.error().message);
  flags.run.abort_on = std::move(*abort_on);
  return {};
}

std::string progress_text(const replay::Progress& p) {
  return fmt::format("{} of {} · {:.0f}/s of {:.0f}/s · p99 {} · late p99 {} · {} failed", format_duration(p.elapsed),
                     format_duration(p.planned), p.achieved_rps, p.wanted_rps, format_duration(p.latency_p99),
                     format_duration(p.lateness_p99), p.failed);
}

Result<ExitStatus> write_outputs(const ReplayFlags& flags, const replay::ReplayResult& result) {
  if (const auto written = write_judged(flags.judging, result); !written) return written.error();
  if (!flags.hgrm.empty()) {
    if (const auto written = replay::write_whole_file(flags.hgrm, result.latency.to_hgrm()); !written)
      return written.error();
  }
  const std::string text = flags.json ? result.to_json() + "\n" : replay_summary(result, flags.judging.reports);
  if (!print(text)) return ExitStatus::trouble;
  return static_cast<ExitStatus>(result.exit_status());
}

ExitStatus replay_tapes(ReplayFlags& flags) {
  StopSignals signals;
  auto tapes = replay::open_tapes(flags.run.tapes, flags.run.read);
  if (!tapes) return trouble(tapes.error());
  if (const auto ok = read_selection(flags, tapes->front()); !ok) return trouble(ok.error());
  if (const auto ok = read_thresholds(flags); !ok) return trouble(ok.error());
  if (const auto ok = check_report_names(flags.judging); !ok) return trouble(ok.error());
  if (flags.order == Order::closed) flags.run.asap = true;
  std::unique_ptr<capture::Recorder> saver;
  if (!flags.save.empty()) {
    auto opened = open_saver(flags);
    if (!opened) return trouble(opened.error());
    saver = std::move(*opened);
    flags.run.save = saver.get();
  }
  auto result = [&] {
    ProgressLine line;
    return replay::run_replay(
        flags.run, std::move(*tapes), system_clock(), [&line](const auto& p) { line.show(progress_text(p)); },
        signals.token());
  }();
  if (!result) return trouble(result.error());
  ExitStatus saved = ExitStatus::ok;
  if (saver) {
    const auto stats = saver->finish();
    if (!stats) return trouble(stats.error());
    if (stats->has_loss()) saved = ExitStatus::loss;
  }
  for (const auto& warning : result->warnings) warn(warning);
  const auto status = write_outputs(flags, *result);
  return status ? worse(*status, saved) : trouble(status.error());
}

}  // namespace

void add_replay_command(CLI::App& app, ExitStatus& status) {
  auto flags = std::make_shared<ReplayFlags>();
  CLI::App* command =
      app.add_subcommand("replay", "Play tapes against a service at any speed, compare the answers, judge");
  command->add_option("TAPE", flags->run.tapes, "Tapes, directories of tapes, or - for standard input")->required();
  add_parsed(
      command, "--target", "URL", http::parse_origin,
      [flags](http::Origin origin) { flags->run.target = std::move(origin); },
      "The service to send to, e.g. http://staging:9000")
      ->required();
  add_pace(command, *flags);
  add_load(command, flags->run);
  add_what(command, *flags);
  add_output(command, *flags);
  command->footer(
      "Examples:\n  tapedeck replay monday.tape --target http://staging:9000 --speed 10x --report report.html\n"
      "  tapedeck replay monday.tape --target http://staging:9000 --asap --methods all --json\n"
      "  tapedeck replay monday.tape --target http://staging:9000 --fail-on 'p99 > 300ms' --fail-on 'error_rate > 1%'\n"
      "Exit status: 0 SAFE · 1 UNSAFE · 2 trouble · 3 UNDECIDED · 4 SAFE, with loss");
  command->callback([flags, command, &status] {
    if ((flags->run.asap || flags->order == Order::closed) && command->count("--max-in-flight") == 0)
      flags->run.max_in_flight = 64;
    status = replay_tapes(*flags);
  });
}

}  // namespace tapedeck::tools
