#include "format/tape_summary.hpp"

#include <algorithm>
#include <string_view>

#include <simdjson.h>

#include "base/histogram_json.hpp"
#include "base/json_writer.hpp"
#include "format/chunk_builder.hpp"
#include "format/summary_json.hpp"

namespace tapedeck::format {
namespace {

constexpr std::size_t kMethods = 64;
constexpr std::size_t kEndpoints = 1024;
constexpr std::size_t kMaxEndpoints = 65'536;  // read

const http::Endpoint& other_endpoint() {
  static const http::Endpoint other{"", "other"};
  return other;
}

std::string status_class(std::uint16_t status) {
  if (status < 100 || status > 599) return "none";
  return std::string(1, static_cast<char>('0' + status / 100)) + "xx";
}

EndpointTotals& endpoint_totals(TapeSummary& summary, const http::Endpoint& endpoint) {
  const auto known = summary.endpoints.find(endpoint);
  if (known != summary.endpoints.end()) return known->second;
  return summary.endpoints[summary.endpoints.size() < kEndpoints ? endpoint : other_endpoint()];
}

/// Clients choose methods: beyond a few, new ones are not told apart.
std::uint64_t& method_count(TapeSummary& summary, std::string_view method) {
  const auto known = summary.methods.find(std::string(method));
  if (known != summary.methods.end()) return known->second;
  return summary.methods[summary.methods.size() < kMethods ? std::string(method) : "other"];
}

void add_endpoint(TapeSummary& summary, const http::Exchange& exchange, const http::Endpoint& endpoint,
                  std::uint64_t bytes) {
  EndpointTotals& totals = endpoint_totals(summary, endpoint);
  ++totals.count;
  totals.bytes += bytes;
  if (exchange.status >= 500 || exchange.status == 0) ++totals.errors;
  if (exchange.has_response()) totals.latency.add(exchange.response.last - exchange.request.first);
}

void write_losses(JsonWriter& json, const std::map<std::string, LossTotals>& losses) {
  json.key("losses");
  json.begin_object();
  for (const auto& [reason, loss] : losses) {
    json.key(reason);
    json.begin_object();
    json.field("exchanges", loss.exchanges);
    json.field("bytes", loss.bytes);
    json.field("packets", loss.packets);
    json.end_object();
  }
  json.end_object();
}

void write_histogram(JsonWriter& json, const Histogram& latency) {
  json.begin_object();
  json.field("min_ns", latency.min().count());
  json.field("max_ns", latency.max().count());
  json.key("counts");
  json.begin_array();
  for (const auto& [index, count] : latency.sparse()) {
    json.begin_array();
    json.value(index);
    json.value(count);
    json.end_array();
  }
  json.end_array();
  json.end_object();
}

enum class Latency : std::uint8_t { quantiles, histogram };

void write_endpoints(JsonWriter& json, const TapeSummary& summary, Latency form) {
  json.key("endpoints");
  json.begin_array();
  for (const auto& [endpoint, totals] : summary.endpoints) {
    json.begin_object();
    json.field("method", endpoint.method);
    json.field("template", endpoint.path_template);
    json.field("count", totals.count);
    json.field("errors", totals.errors);
    json.field("bytes", totals.bytes);
    if (form == Latency::quantiles) {
      json.key("latency_us");
      write_quantiles_us(json, totals.latency);
    } else {
      json.key("latency");
      write_histogram(json, totals.latency);
    }
    json.end_object();
  }
  json.end_array();
}

void merge_counts(std::map<std::string, std::uint64_t>& into, const std::map<std::string, std::uint64_t>& from) {
  for (const auto& [key, n] : from) into[key] += n;
}

// ---- reading the JSON of a SUMMARY

namespace dom = simdjson::dom;

std::uint64_t number(const dom::element& object, std::string_view key) {
  std::uint64_t value = 0;
  return object[key].get(value) == simdjson::SUCCESS ? value : 0;
}

std::int64_t signed_number(const dom::element& object, std::string_view key) {
  std::int64_t value = 0;
  return object[key].get(value) == simdjson::SUCCESS ? value : 0;
}

std::string text(const dom::element& object, std::string_view key) {
  std::string_view value;
  return object[key].get(value) == simdjson::SUCCESS ? std::string(value) : std::string();
}

void read_counts(const dom::element& document, std::string_view name, std::map<std::string, std::uint64_t>& counts) {
  dom::object object;
  if (document[name].get(object) != simdjson::SUCCESS) return;
  for (const auto field : object) {
    std::uint64_t n = 0;
    if (field.value.get(n) == simdjson::SUCCESS) counts[std::string(field.key)] = n;
  }
}

void read_losses(const dom::element& document, TapeSummary& summary) {
  dom::object object;
  if (document["losses"].get(object) != simdjson::SUCCESS) return;
  for (const auto field : object) {
    summary.losses[std::string(field.key)] = {number(field.value, "exchanges"), number(field.value, "bytes"),
                                              number(field.value, "packets")};
  }
}

bool read_histogram(const dom::element& element, Histogram& histogram) {
  dom::array counts;
  if (element["counts"].get(counts) != simdjson::SUCCESS) return false;
  const Duration low{signed_number(element, "min_ns")};
  const Duration high{signed_number(element, "max_ns")};
  for (const dom::element pair : counts) {
    std::uint64_t index = 0;
    std::uint64_t count = 0;
    // 128 buckets a power of two: no index of a 64-bit value is larger.
    if (pair.at(0).get(index) != simdjson::SUCCESS || pair.at(1).get(count) != simdjson::SUCCESS || index >= 128 * 64) {
      return false;
    }
    histogram.add_sparse(static_cast<std::uint32_t>(index), count, low, high);
  }
  return true;
}

bool read_endpoints(const dom::element& document, TapeSummary& summary) {
  dom::array endpoints;
  if (document["endpoints"].get(endpoints) != simdjson::SUCCESS || endpoints.size() > kMaxEndpoints) return false;
  for (const dom::element element : endpoints) {
    EndpointTotals totals;
    totals.count = number(element, "count");
    totals.errors = number(element, "errors");
    totals.bytes = number(element, "bytes");
    dom::element latency;
    if (element["latency"].get(latency) != simdjson::SUCCESS || !read_histogram(latency, totals.latency)) return false;
    summary.endpoints[{text(element, "method"), text(element, "template")}] = std::move(totals);
  }
  return true;
}

}  // namespace

void add_exchange(TapeSummary& summary, const http::Exchange& exchange, http::FlagSet flags, KeptBytes kept) {
  const http::RequestLine line = http::request_line_of(exchange.request.head);
  add_exchange(summary, exchange, http::endpoint_of(line.method, line.target), flags, kept);
}

void add_exchange(TapeSummary& summary, const http::Exchange& exchange, const http::Endpoint& endpoint,
                  http::FlagSet flags, KeptBytes kept) {
  const Time first = sort_time(exchange);
  summary.start = summary.exchanges == 0 ? first : std::min(summary.start, first);
  summary.end = summary.exchanges == 0 ? first : std::max(summary.end, first);
  ++summary.exchanges;
  ++summary.status_classes[status_class(exchange.status)];
  for (std::uint8_t bit = 0; bit < http::kFlagCount; ++bit) {
    const auto flag = static_cast<http::Flag>(bit);
    if (flags.has(flag)) ++summary.flags[std::string(http::name_of(flag))];
  }
  summary.request_body_bytes += kept.request;
  summary.response_body_bytes += kept.response;
  if (!exchange.has_request()) return;
  ++method_count(summary, endpoint.method);
  add_endpoint(summary, exchange, endpoint, kept.request + kept.response);
}

void TapeSummary::add(const http::Exchange& exchange) {
  add_exchange(*this, exchange, exchange.flags,
               {exchange.request.body.bytes.size(), exchange.response.body.bytes.size()});
}

void TapeSummary::merge(const TapeSummary& other) {
  if (other.exchanges > 0) {
    start = exchanges == 0 ? other.start : std::min(start, other.start);
    end = exchanges == 0 ? other.end : std::max(end, other.end);
  }
  exchanges += other.exchanges;
  bytes += other.bytes;
  segments += other.segments;
  sealed += other.sealed;
  encrypted = encrypted || other.encrypted;
  merge_counts(status_classes, other.status_classes);
  merge_counts(methods, other.methods);
  merge_counts(flags, other.flags);
  request_body_bytes += other.request_body_bytes;
  response_body_bytes += other.response_body_bytes;
  for (const auto& [reason, loss] : other.losses) {
    losses[reason].exchanges += loss.exchanges;
    losses[reason].bytes += loss.bytes;
    losses[reason].packets += loss.packets;
  }
  for (const auto& [endpoint, theirs] : other.endpoints) {
    EndpointTotals& ours = endpoint_totals(*this, endpoint);
    ours.count += theirs.count;
    ours.errors += theirs.errors;
    ours.bytes += theirs.bytes;
    ours.latency.merge(theirs.latency);
  }
  if (recording_note.empty()) recording_note = other.recording_note;
}

std::string TapeSummary::to_json() const {
  JsonWriter json;
  json.begin_object();
  json.field("exchanges", exchanges);
  json.field("start_ns", to_ns(start));
  json.field("end_ns", to_ns(end));
  json.field("bytes", bytes);
  json.field("segments", segments);
  json.field("sealed", sealed);
  json.field("encrypted", encrypted);
  json.counts("status_classes", status_classes);
  json.counts("methods", methods);
  json.counts("flags", flags);
  json.field("request_body_bytes", request_body_bytes);
  json.field("response_body_bytes", response_body_bytes);
  write_losses(json, losses);
  write_endpoints(json, *this, Latency::quantiles);
  json.end_object();
  return json.take();
}

std::string summary_to_json(const TapeSummary& summary) {
  JsonWriter json;
  json.begin_object();
  json.field("exchanges", summary.exchanges);
  json.field("start_ns", to_ns(summary.start));
  json.field("end_ns", to_ns(summary.end));
  json.counts("status_classes", summary.status_classes);
  json.counts("methods", summary.methods);
  json.counts("flags", summary.flags);
  json.field("request_body_bytes", summary.request_body_bytes);
  json.field("response_body_bytes", summary.response_body_bytes);
  write_losses(json, summary.losses);
  json.field("recording_note", summary.recording_note);
  write_endpoints(json, summary, Latency::histogram);
  json.end_object();
  return json.take();
}

std::optional<TapeSummary> summary_from_json(std::string_view json) {
  dom::parser parser;
  dom::element document;
  if (parser.parse(json.data(), json.size()).get(document) != simdjson::SUCCESS || !document.is_object()) {
    return std::nullopt;
  }
  TapeSummary summary;
  summary.exchanges = number(document, "exchanges");
  summary.start = time_from_ns(signed_number(document, "start_ns"));
  summary.end = time_from_ns(signed_number(document, "end_ns"));
  read_counts(document, "status_classes", summary.status_classes);
  read_counts(document, "methods", summary.methods);
  read_counts(document, "flags", summary.flags);
  summary.request_body_bytes = number(document, "request_body_bytes");
  summary.response_body_bytes = number(document, "response_body_bytes");
  read_losses(document, summary);
  summary.recording_note = text(document, "recording_note");
  if (!read_endpoints(document, summary)) return std::nullopt;
  return summary;
}

}  // namespace tapedeck::format
