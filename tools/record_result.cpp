#include "tools/record_result.hpp"

#include <fmt/format.h>

#include "base/byte_size.hpp"

namespace tapedeck::tools {
namespace {

std::string with_reasons(std::uint64_t count, const char* word, const std::map<std::string, std::uint64_t>& reasons) {
  std::string text = fmt::format("{} {}", count, word);
  std::string detail;
  for (const auto& [reason, n] : reasons) detail += fmt::format("{}{} {}", detail.empty() ? "" : ", ", reason, n);
  return detail.empty() ? text : fmt::format("{} ({})", text, detail);
}

}  // namespace

bool RecordResult::has_loss() const { return recorder.has_loss() || (packets && packets->has_loss()); }

std::string RecordResult::to_json() const {
  JsonWriter json;
  json.begin_object();
  recorder.write_fields(json);
  if (proxy) {
    json.field("connections", proxy->connections);
    json.field("refused", proxy->refused);
    json.field("upstream_failures", proxy->upstream_failures);
    json.field("upstream_retries", proxy->upstream_retries);
  }
  if (packets) packets->write_fields(json);
  json.end_object();
  return json.take();
}

std::string RecordResult::sentence(const std::string& out) const {
  std::string text = fmt::format("{}: {} exchanges seen = {} recorded + {} + {} + {}; {} written", out, recorder.seen,
                                 recorder.recorded, with_reasons(recorder.filtered, "filtered", recorder.filtered_by),
                                 with_reasons(recorder.dropped, "dropped", recorder.dropped_by),
                                 with_reasons(recorder.incomplete, "incomplete", recorder.incomplete_by),
                                 to_string(ByteSize{recorder.bytes}));
  if (proxy && proxy->refused > 0) text += fmt::format("; {} requests refused", proxy->refused);
  if (packets && packets->missing_wire > 0) {
    text += fmt::format("; {} bytes missing on the wire", packets->missing_wire);
  }
  return text;
}

}  // namespace tapedeck::tools
