#include "format/damage_report.hpp"

#include "base/byte_size.hpp"
#include "base/text.hpp"

namespace tapedeck::format {
std::string DamageReport::to_json() const {
  JsonWriter json;
  json.begin_object();
  write_fields(json);
  json.end_object();
  return json.take();
}

void DamageReport::write_fields(JsonWriter& json) const {
  json.field("bytes", bytes);
  json.key("damaged");
  json.begin_array();
  for (const DamagedRange& range : damaged) {
    json.begin_object();
    json.field("offset", range.offset);
    json.field("length", range.length);
    json.end_object();
  }
  json.end_array();
  json.key("segments");
  json.begin_array();
  for (const SegmentState& segment : segments) {
    json.begin_object();
    json.field("recording", hex({reinterpret_cast<const char*>(segment.recording.data()), segment.recording.size()}));
    json.field("number", segment.number);
    json.field("sealed", segment.sealed);
    json.end_object();
  }
  json.end_array();
  json.field("records", records);
  json.field("missing", missing);
  json.field("stale", stale);
  json.field("skipped", skipped);
  json.key("exchanges");
  json.begin_object();
  json.field("kept", kept);
  json.field("lost", lost);
  json.counts("degraded", degraded);
  json.end_object();
  json.field("completions_lost", completions_lost);
  json.field("incomplete_bytes", incomplete_bytes);
  json.field("covered_until_ns", to_ns(covered_until));
  json.field("tail_unknown", tail_unknown);
  json.field("checked", checked == Checked::rows ? "rows" : "stored");
}

std::string DamageReport::sentence() const {
  std::string out = counted(kept, "exchange") + " in " + counted(segments.size(), "segment");
  if (stale > 0) out += ", " + counted(stale, "record") + " that occur twice or are left over skipped";
  if (incomplete_bytes > 0)
    out += ", " + to_string(ByteSize{incomplete_bytes}) + " of bodies that no exchange speaks of";
  if (intact()) return out + ", intact";
  std::uint64_t damaged_bytes = 0;
  for (const DamagedRange& range : damaged) damaged_bytes += range.length;
  if (damaged_bytes > 0) {
    out += ", " + to_string(ByteSize{damaged_bytes}) + " damaged at " + counted(damaged.size(), "place");
  }
  if (lost > 0) out += ", " + counted(lost, "exchange") + " lost";
  for (const auto& [kind, n] : degraded) out += ", " + kind + " gone of " + std::to_string(n);
  if (completions_lost > 0) out += ", " + counted(completions_lost, "completion") + " lost";
  if (missing > 0 && lost == 0) out += ", " + counted(missing, "record") + " missing";
  if (tail_unknown) out += ", not sealed: what came after the last record is unknown";
  return out;
}

}  // namespace tapedeck::format
