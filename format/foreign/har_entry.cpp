#include "format/foreign/har_entry.hpp"

#include <array>
#include <cmath>

#include <simdjson.h>

#include "base/quantity.hpp"
#include "base/whole_number.hpp"

namespace tapedeck::format {
namespace {

namespace dom = simdjson::dom;

constexpr double kLargestSize = 1e15;
constexpr std::int64_t kLatest = std::int64_t{1} << 62;  // sums with it stay in range

std::string_view text_of(const dom::object& object, std::string_view name) {
  std::string_view text;
  return object[name].get(text) == simdjson::SUCCESS ? text : std::string_view{};
}

/// Nothing unless it is a finite number that is not negative.
std::optional<double> number_of(const dom::object& object, std::string_view name) {
  double number = 0;
  if (object[name].get(number) != simdjson::SUCCESS || !std::isfinite(number) || number < 0) return std::nullopt;
  return number;
}

std::optional<std::uint64_t> size_of(const dom::object& object, std::string_view name) {
  const auto number = number_of(object, name);
  if (!number || *number > kLargestSize) return std::nullopt;
  return static_cast<std::uint64_t>(*number);
}

std::vector<HarField> fields_of(const dom::object& object, std::string_view name) {
  std::vector<HarField> fields;
  dom::array items;
  if (object[name].get(items) != simdjson::SUCCESS) return fields;
  for (const dom::element item : items) {
    dom::object field;
    if (item.get(field) == simdjson::SUCCESS) fields.push_back({text_of(field, "name"), text_of(field, "value")});
  }
  return fields;
}

std::optional<HarContent> content_of(const dom::object& message, std::string_view name) {
  dom::object object;
  if (message[name].get(object) != simdjson::SUCCESS) return std::nullopt;
  HarContent content;
  std::string_view text;
  if (object["text"].get(text) == simdjson::SUCCESS) content.text = text;
  content.encoding = text_of(object, "encoding");
  content.mime_type = text_of(object, "mimeType");
  content.params = fields_of(object, "params");
  content.size = size_of(object, "size");
  return content;
}

void read_message(const dom::object& object, std::string_view content, HarMessage& message) {
  message.version = text_of(object, "httpVersion");
  message.fields = fields_of(object, "headers");
  message.content = content_of(object, content);
  message.body_size = size_of(object, "bodySize");
}

HarRequest request_of(const dom::object& object) {
  HarRequest request;
  read_message(object, "postData", request);
  request.method = text_of(object, "method");
  request.url = text_of(object, "url");
  return request;
}

HarResponse response_of(const dom::object& object) {
  HarResponse response;
  read_message(object, "content", response);
  response.reason = text_of(object, "statusText");
  const auto status = size_of(object, "status");
  const bool failed = !text_of(object, "_error").empty();
  if (!failed && status && *status >= 100 && *status <= 999) response.status = static_cast<std::uint16_t>(*status);
  return response;
}

HarTimings timings_of(const dom::object& entry) {
  HarTimings timings;
  dom::object object;
  if (entry["timings"].get(object) != simdjson::SUCCESS) return timings;
  const auto ms = [&object](std::string_view name) { return number_of(object, name).value_or(0); };
  timings.blocked = ms("blocked");
  timings.dns = ms("dns");
  timings.connect = ms("connect");
  timings.ssl = ms("ssl");
  timings.send = ms("send");
  timings.wait = ms("wait");
  timings.receive = ms("receive");
  return timings;
}

std::optional<Time> started_of(const dom::object& entry) {
  const std::string_view text = text_of(entry, "startedDateTime");
  if (text.size() < 20 || text[4] != '-') return std::nullopt;  // the other ways to write a time are not for here
  const auto time = parse_time(text, Time{});
  if (!time) return std::nullopt;
  return *time;
}

http::FlagSet flags_of(const dom::object& own) {
  http::FlagSet flags;
  dom::array words;
  if (own["flags"].get(words) != simdjson::SUCCESS) return flags;
  for (const dom::element word : words) {
    std::string_view name;
    if (word.get(name) != simdjson::SUCCESS) continue;
    if (const auto flag = http::flag_named(name)) flags.set(*flag);
  }
  return flags;
}

std::optional<HarOwnFacts> own_facts_of(const dom::object& entry) {
  dom::object object;
  dom::array times;
  if (entry["_tapedeck"].get(object) != simdjson::SUCCESS) return std::nullopt;
  if (object["times"].get(times) != simdjson::SUCCESS || times.size() != 4) return std::nullopt;
  std::array<std::int64_t, 4> ns{};
  for (std::size_t i = 0; i < ns.size(); ++i) {
    if (times.at(i).get(ns[i]) != simdjson::SUCCESS || ns[i] < 0 || ns[i] > kLatest) return std::nullopt;
  }
  return HarOwnFacts{time_from_ns(ns[0]), time_from_ns(ns[1]), time_from_ns(ns[2]), time_from_ns(ns[3]),
                     flags_of(object)};
}

/// What they say about the texts.
void take_own_facts(const dom::object& entry, HarEntry& read) {
  read.request.was_omitted = read.own->flags.has(http::Flag::request_omitted);
  if (read.response) read.response->was_omitted = read.own->flags.has(http::Flag::response_omitted);
  dom::array sides;
  if (entry["_tapedeck"]["coded"].get(sides) != simdjson::SUCCESS) return;
  for (const dom::element side : sides) {
    std::string_view name;
    if (side.get(name) != simdjson::SUCCESS) continue;
    if (name == "request") read.request.still_coded = true;
    if (name == "response" && read.response) read.response->still_coded = true;
  }
}

/// The value of a `\uXXXX` at `at`, or nothing.
std::optional<unsigned> escape_at(std::string_view text, std::size_t at) {
  if (text.substr(at, 2) != "\\u" || at + 6 > text.size()) return std::nullopt;
  return whole_number<unsigned>(text.substr(at + 2, 4), 16);
}

bool is_between(std::optional<unsigned> value, unsigned first, unsigned last) {
  return value && *value >= first && *value <= last;
}

/// Halves of surrogate pairs that stand alone become U+FFFD, as browsers write such texts in UTF-8. They come from
/// scripts, whose strings may be cut anywhere.
std::string without_lone_surrogates(std::string_view text) {
  std::string out(text);
  for (std::size_t at = out.find('\\'); at < out.size(); at = out.find('\\', at)) {
    const auto first = escape_at(out, at);
    if (is_between(first, 0xD800, 0xDBFF) && is_between(escape_at(out, at + 6), 0xDC00, 0xDFFF)) {
      at += 12;
    } else {
      if (is_between(first, 0xD800, 0xDFFF)) out.replace(at, 6, "\\ufffd");
      at += 2;
    }
  }
  return out;
}

}  // namespace

struct HarEntryParser::Impl {
  bool parse(std::string_view text, dom::object& entry) {
    const auto first = parser.parse(text.data(), text.size()).get(entry);
    if (first != simdjson::STRING_ERROR) return first == simdjson::SUCCESS;
    const std::string mended = without_lone_surrogates(text);
    return parser.parse(mended).get(entry) == simdjson::SUCCESS;
  }

  dom::parser parser;
};

HarEntryParser::HarEntryParser() : x_impl(std::make_unique<Impl>()) {}
HarEntryParser::~HarEntryParser() = default;

std::optional<HarEntry> HarEntryParser::parse(std::string_view text) {
  constexpr std::size_t kKeptCapacity = 4 << 20;
  if (x_impl->parser.capacity() > kKeptCapacity) x_impl = std::make_unique<Impl>();  // what a large one took
  dom::object entry;
  dom::object request;
  if (!x_impl->parse(text, entry)) return std::nullopt;
  if (entry["request"].get(request) != simdjson::SUCCESS) return std::nullopt;
  HarEntry read;
  read.started = started_of(entry);
  read.timings = timings_of(entry);
  read.connection = text_of(entry, "connection");
  read.server_address = text_of(entry, "serverIPAddress");
  read.request = request_of(request);
  if (dom::object response; entry["response"].get(response) == simdjson::SUCCESS) read.response = response_of(response);
  read.own = own_facts_of(entry);
  if (read.own) take_own_facts(entry, read);
  return read;
}

}  // namespace tapedeck::format
