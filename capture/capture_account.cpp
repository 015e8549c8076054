#include "capture/capture_account.hpp"

namespace tapedeck::capture {

void CaptureAccount::write_fields(JsonWriter& json) const {
  json.key("packets");
  json.begin_object();
  json.field("read", packets_read);
  json.field("segments", segments);
  json.field("fragments", fragments);
  json.field("fragments_dropped", fragments_dropped);
  json.counts("skipped", skipped);
  json.end_object();

  json.key("bytes");
  json.begin_object();
  json.field("payload", payload);
  json.field("delivered", delivered);
  json.field("duplicate", duplicate);
  json.field("too_late", too_late);
  json.field("cut_by_snaplen", cut_by_snaplen);
  json.counts("refused", refused);
  json.key("missing");
  json.begin_object();
  json.field("wire", missing_wire);
  json.field("given_up", missing_given_up);
  json.field("snaplen", missing_snaplen);
  json.end_object();
  json.field("http", http);
  json.counts("opaque", opaque);
  json.field("resync", resync);
  json.field("overlap_inconsistent", overlap_inconsistent);
  json.field("unread", unread_bytes);
  json.end_object();

  json.key("flows");
  json.begin_object();
  json.field("seen", flows_seen);
  json.field("timed_out", flows_timed_out);
  json.field("evicted", flows_evicted);
  json.end_object();

  json.field("kernel_drops", kernel_drops);
  json.field("interface_drops", interface_drops);
  json.field("source_drops", source_drops);
}

}  // namespace tapedeck::capture
