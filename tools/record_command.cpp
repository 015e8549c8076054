#include <algorithm>
#include <chrono>
#include <filesystem>
#include <thread>
#include <vector>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "base/clock.hpp"
#include "base/log.hpp"
#include "capture/capture.hpp"
#include "proxy/serve.hpp"
#include "tools/command.hpp"
#include "tools/first_note.hpp"
#include "tools/parsed_option.hpp"
#include "tools/progress_line.hpp"
#include "tools/record_result.hpp"
#include "tools/selection.hpp"
#include "tools/stop_signals.hpp"
#include "tools/tape_output.hpp"

namespace tapedeck::tools {
namespace {

using namespace std::chrono_literals;

struct RecordOptions {
  std::optional<http::ListenAddress> listen;
  std::optional<http::Origin> upstream;
  std::vector<std::filesystem::path> captures;
  std::vector<std::uint16_t> ports;
  TapeOutput out;
  unsigned workers = std::max(1u, std::thread::hardware_concurrency());
  std::optional<ByteSize> rotate_size;
  std::optional<Duration> rotate_every;
  ByteSize capture_memory = 256_MiB;
  ByteSize max_body = 64_MiB;
  ByteSize keep_free = 1_GiB;
  http::Filter filter;
  http::Sample sample;
  http::HostHeader host = http::HostHeader::keep;
  std::optional<Duration> duration;
  std::uint64_t count = 0;
  bool json = false;
};

capture::RecorderOptions recorder_options(const RecordOptions& options) {
  capture::RecorderOptions recorder;
  recorder.out = options.out.path;
  recorder.overwrite = options.out.overwrite();
  recorder.tape = options.out.tape_options();
  recorder.rotate_size = options.rotate_size;
  recorder.rotate_every = options.rotate_every;
  recorder.memory = options.capture_memory;
  recorder.max_body = options.max_body;
  recorder.filter = options.filter;
  recorder.sample = options.sample;
  recorder.stop_after = options.count;
  recorder.note_json = first_note(options.captures.empty() ? "record --listen" : "record --pcap",
                                  {{"filter", std::string(options.filter.text())}});
  return recorder;
}

ExitStatus finish(const RecordOptions& options, const RecordResult& result) {
  if (!print((options.json ? result.to_json() : result.sentence(options.out.path)) + "\n")) return ExitStatus::trouble;
  if (!result.recorder.trouble.empty()) warn(result.recorder.trouble);
  return result.has_loss() ? ExitStatus::loss : ExitStatus::ok;
}

// ---- through the proxy ----

/// Until a signal, --duration or --count.
void wait_for_the_end(const RecordOptions& options, const capture::Recorder& recorder, const proxy::Proxy& proxy,
                      std::stop_token stop) {
  ProgressLine line;
  const MonoTime start = system_clock().mono();
  std::uint64_t proxied_before = 0;
  bool in_trouble = false;
  while (!stop.stop_requested()) {
    std::this_thread::sleep_for(100ms);
    const Duration elapsed = system_clock().mono() - start;
    const auto stats = recorder.stats();
    if ((options.duration && elapsed >= *options.duration) || stats.full) return;
    if (stats.disk_trouble != in_trouble) {
      in_trouble = stats.disk_trouble;
      warn(in_trouble ? fmt::format("not recording: {}; traffic goes on, a new try every 5 s", stats.trouble)
                      : "recording again");
    }
    if (!line.active()) continue;
    const auto totals = proxy.totals();
    line.show(fmt::format("{} · {} requests · {}/s · {} recorded · {} dropped · {} on tape", format_duration(elapsed),
                          totals.proxied, (totals.proxied - proxied_before) * 10, stats.recorded, stats.dropped,
                          to_string(ByteSize{stats.bytes})));
    proxied_before = totals.proxied;
  }
}

proxy::ProxyConfig proxy_config(const RecordOptions& options) {
  proxy::ProxyConfig config;
  config.listen = *options.listen;
  config.upstream = *options.upstream;
  config.workers = options.workers;
  config.forward.host = options.host;
  config.forward.upstream_authority = options.upstream->authority();
  config.ring_memory = ByteSize{options.capture_memory.bytes / 2};
  config.max_body = options.max_body;
  return config;
}

ExitStatus record_proxy(const RecordOptions& options) {
  StopSignals signals;
  auto config = proxy_config(options);
  auto listeners = proxy::Proxy::listen(config);  // first: a port in use must not leave a tape behind
  if (!listeners) return trouble(listeners.error());
  auto recording = recorder_options(options);
  recording.memory = ByteSize{options.capture_memory.bytes / 2};  // the other half is the proxy's rings
  recording.keep_free = options.keep_free;
  auto recorder = capture::Recorder::create(std::move(recording), system_clock());
  if (!recorder) return trouble(recorder.error());
  auto proxy = proxy::Proxy::start(config, std::move(*listeners), **recorder, system_clock());
  if (!proxy) return trouble(proxy.error());

  config.listen.port = (*proxy)->port();
  inform(fmt::format("recording {} -> {} to {}", config.listen.text(), config.upstream.text(), options.out.path));
  warn(
      "the tape keeps requests and answers as they are, credentials and personal data included: guard it like "
      "production data");
  wait_for_the_end(options, **recorder, **proxy, signals.token());
  (*proxy)->drain();
  auto stats = (*recorder)->finish();
  if (!stats) return trouble(stats.error());
  return finish(options, RecordResult{std::move(*stats), (*proxy)->totals(), std::nullopt});
}

// ---- from capture files ----

/// Files can be read again: chunks may fill up, which packs them better, whatever time their traffic took. What comes
/// through a pipe may be live.
bool is_all_there(const std::vector<std::filesystem::path>& captures) {
  std::error_code ignored;
  return std::all_of(captures.begin(), captures.end(),
                     [&](const auto& path) { return std::filesystem::is_regular_file(path, ignored); });
}

http::RecordingId recording_id_of(const capture::PacketSource& source, const RecordOptions& options) {
  const std::uint64_t input = source.fingerprint();
  std::uint32_t settings = 2166136261u;  // FNV-1a over what else decides the tape's bytes
  const auto mix = [&](std::uint64_t value) {
    for (int i = 0; i < 8; ++i) settings = (settings ^ static_cast<std::uint8_t>(value >> (8 * i))) * 16777619u;
  };
  for (const auto port : options.ports) mix(port);
  for (const char c : options.filter.text()) mix(static_cast<unsigned char>(c));
  mix(options.max_body.bytes);
  mix(is_all_there(options.captures) ? 0 : 1);
  http::RecordingId id{};
  for (std::size_t i = 0; i < 8; ++i) id[i] = static_cast<std::uint8_t>(input >> (8 * i));
  for (std::size_t i = 0; i < 4; ++i) id[8 + i] = static_cast<std::uint8_t>(settings >> (8 * i));
  return id;
}

ExitStatus record_captures(const RecordOptions& options) {
  StopSignals signals;
  auto source = capture::open_capture_files(options.captures);
  if (!source) return trouble(source.error());
  auto recording = recorder_options(options);
  recording.when_full = capture::WhenFull::wait;
  recording.capture_time = true;
  if (is_all_there(options.captures)) recording.tape.chunk_age = format::kAnyAge;
  // Nonces follow from the recording's id: under a key it is random, so that it never occurs twice.
  if (!options.out.key) recording.tape.recording = recording_id_of(**source, options);
  auto recorder = capture::Recorder::create(std::move(recording), system_clock());
  if (!recorder) return trouble(recorder.error());
  auto account = capture::run_capture(**source, **recorder, {options.ports}, signals.token());
  if (!account) return trouble(account.error());
  auto stats = (*recorder)->finish();
  if (!stats) return trouble(stats.error());
  if (account->unread_bytes > 0) {
    warn(fmt::format("{}: {} bytes could not be read", account->unread_where, account->unread_bytes));
  }
  return finish(options, RecordResult{std::move(*stats), std::nullopt, std::move(*account)});
}

ExitStatus record(const RecordOptions& options) {
  if (!options.captures.empty() && !options.listen) return record_captures(options);
  if (options.captures.empty() && options.listen && options.upstream) return record_proxy(options);
  return trouble(make_error("record: give either --listen with --upstream, or --pcap"));
}

void add_sources(CLI::App* command, RecordOptions& options) {
  add_parsed(
      command, "--listen", "ADDR:PORT", http::parse_listen_address,
      [&options](http::ListenAddress address) { options.listen = std::move(address); },
      "Proxy: listen here; a port alone is on loopback; unix:/PATH too");
  add_parsed(
      command, "--upstream", "URL", http::parse_origin,
      [&options](http::Origin origin) { options.upstream = std::move(origin); },
      "Proxy: the service behind it, e.g. http://127.0.0.1:9000");
  command->add_option("--pcap", options.captures, "Capture files (pcap, pcapng), merged by time; - is standard input")
      ->type_name("FILE...");
  command->add_option("--port", options.ports, "Packets: only servers on these ports (default: every TCP port)")
      ->type_name("N");
}

void add_limits(CLI::App* command, RecordOptions& options) {
  add_size(command, "--capture-memory", &options.capture_memory,
           "Memory for what is not yet on the tape; beyond it, capture gives, never traffic");
  add_size(command, "--max-body", &options.max_body, "Kept of each body; longer ones are cut and marked");
  add_size(command, "--keep-free", &options.keep_free, "Proxy: stop recording below this much free disk");
  add_parsed(
      command, "--rotate-size", "SIZE", parse_byte_size, [&options](ByteSize size) { options.rotate_size = size; },
      "--out DIR: a new tape after this size (default 1GiB)");
  add_parsed(
      command, "--rotate-every", "DURATION", parse_duration,
      [&options](Duration every) { options.rotate_every = every; },
      "--out DIR: a new tape after this time (default 1h)");
  add_parsed(
      command, "--duration", "DURATION", parse_duration, [&options](Duration duration) { options.duration = duration; },
      "Proxy: end after this time");
  command->add_option("--count", options.count, "End after this many recorded exchanges")->type_name("N");
}

}  // namespace

void add_record_command(CLI::App& app, ExitStatus& status) {
  auto options = std::make_shared<RecordOptions>();
  CLI::App* command =
      app.add_subcommand("record", "Record HTTP traffic to a tape: as a proxy in front of a service, or from packets");
  add_sources(command, *options);
  add_tape_output(command, options->out, WorkersFlag::taken);
  command->add_option("--workers", options->workers, "Threads of the proxy")
      ->check(CLI::Range(1u, 256u))
      ->capture_default_str();
  add_filter_and_sample(command, options->filter, options->sample);
  add_limits(command, *options);
  add_choice(command, "--host",
             std::vector<std::pair<std::string, http::HostHeader>>{{"keep", http::HostHeader::keep},
                                                                   {"target", http::HostHeader::target}},
             &options->host, "The Host header that the upstream gets: the client's, or the upstream's own");
  command->add_flag("--json", options->json, "The account as JSON at the end");
  command->footer(
      "Examples:\n  tapedeck record --listen 0.0.0.0:8080 --upstream http://127.0.0.1:9000 --out monday.tape\n"
      "  tapedeck record --pcap monday.pcap --port 80 --out monday.tape\n"
      "Ctrl-C ends a recording: that is its normal end. Exit status: 0 · 4 something was lost · 2 trouble");
  command->callback([options, &status] { status = record(*options); });
}

}  // namespace tapedeck::tools
