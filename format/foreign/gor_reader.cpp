#include "format/foreign/gor_reader.hpp"

#include <deque>
#include <map>
#include <utility>

#include "format/foreign/gor_records.hpp"
#include "format/foreign/in_parts.hpp"

namespace tapedeck::format {
namespace {

using http::Flag;
using http::Reason;

constexpr std::uint64_t kMaxWaitingBytes = 64u << 20;
constexpr std::size_t kMaxWaiting = 65'536;

/// A message whose other side was not met yet.
struct Waiting {
  GorRecord record;
  ForeignConnections::Place place;
};

std::uint64_t memory_of(const Waiting& waiting) {
  const http::Message& message = waiting.record.message.message;
  return sizeof(Waiting) + 512 + message.head.size() + message.body.bytes.size() + message.trailers.size();
}

/// Messages of one side, in the order of the file, found by their id.
class WaitingRoom {
 public:
  void add(std::uint64_t number, Waiting waiting) {
    x_bytes += memory_of(waiting);
    x_by_id.emplace(waiting.record.header.id, number);
    x_all.emplace(number, std::move(waiting));
  }
  Waiting take(std::uint64_t number) {
    auto node = x_all.extract(number);
    x_bytes -= memory_of(node.mapped());
    auto [at, end] = x_by_id.equal_range(node.mapped().record.header.id);
    while (at != end && at->second != number) ++at;
    if (at != end) x_by_id.erase(at);
    return std::move(node.mapped());
  }
  const Waiting& at(std::uint64_t number) const { return x_all.at(number); }
  auto of_id(const std::string& id) const { return x_by_id.equal_range(id); }
  bool empty() const { return x_all.empty(); }
  std::uint64_t oldest() const { return x_all.begin()->first; }
  bool overfull() const { return x_all.size() > kMaxWaiting || x_bytes > kMaxWaitingBytes; }

 private:
  std::map<std::uint64_t, Waiting> x_all;
  std::multimap<std::string, std::uint64_t> x_by_id;
  std::uint64_t x_bytes = 0;
};

class GorReader final : public ForeignReader {
 public:
  GorReader(NextStream next_part, SharedNumbers numbers)
      : x_parts(std::move(next_part)), x_connections(std::move(numbers)) {}

  Result<std::optional<http::Exchange>> next() override {
    while (x_ready.empty()) {
      auto record = next_record();
      if (record && *record) {
        take(std::move(**record));
        continue;
      }
      if (!record) fail(record.error());
      if (give_up_oldest()) continue;
      if (x_failure) return *x_failure;
      return std::optional<http::Exchange>();
    }
    std::optional<http::Exchange> exchange = std::move(x_ready.front());
    x_ready.pop_front();
    return exchange;
  }
  const Skipped& skipped() const override { return x_account.skipped(); }
  bool damaged() const override { return x_account.damaged(); }

 private:
  Result<std::optional<GorRecord>> next_record();
  /// Nothing more comes; what waits is handed out before the error is.
  void fail(Error error) {
    x_failure = std::move(error);
    x_parts.stop();
  }
  http::RequestFacts asked(const std::string& id) const;
  void take(GorRecord record);
  void take_request(GorRecord record);
  void take_response(GorRecord record);
  std::optional<std::uint64_t> request_of(const GorHeader& response, bool& uncertain) const;
  std::optional<std::uint64_t> response_of(const GorHeader& request) const;
  ForeignConnections::Place place_of(const std::string& id);
  bool give_up_oldest();
  void emit(Waiting* request, GorRecord* response, const ForeignConnections::Place& place, bool uncertain = false);

  InParts<GorRecords> x_parts;
  SkipAccount x_account;
  ForeignConnections x_connections;
  WaitingRoom x_requests;
  WaitingRoom x_responses;  // that stand before their request
  std::uint64_t x_records = 0;
  bool x_any_request = false;
  bool x_any_response = false;
  std::deque<http::Exchange> x_ready;
  std::optional<Error> x_failure;
};

Result<std::optional<GorRecord>> GorReader::next_record() {
  return x_parts.next(
      [this](GorRecords& part) { return part.next([this](const std::string& id) { return asked(id); }, x_account); });
}

http::RequestFacts GorReader::asked(const std::string& id) const {
  auto [at, end] = x_requests.of_id(id);
  return at == end ? http::RequestFacts{} : x_requests.at(std::prev(end)->second).record.message.facts;
}

void GorReader::take(GorRecord record) {
  ++x_records;
  switch (record.header.type) {
    case GorType::request: return take_request(std::move(record));
    case GorType::response: return take_response(std::move(record));
    case GorType::replayed: return x_account.leave_out("replayed_response");
  }
}

ForeignConnections::Place GorReader::place_of(const std::string& id) {
  const auto named = gor_connection_of(id);
  if (!named) return x_connections.place_alone();
  http::Connection facts;
  facts.client = named->client;
  return x_connections.place_on(named->key, facts);
}

void GorReader::take_request(GorRecord record) {
  x_any_request = true;
  Waiting request{std::move(record), {}};
  if (const auto number = response_of(request.record.header)) {
    Waiting response = x_responses.take(*number);
    emit(&request, &response.record, response.place);
    return;
  }
  request.place = place_of(request.record.header.id);
  x_requests.add(x_records, std::move(request));
  while (x_requests.overfull()) give_up_oldest();
}

void GorReader::take_response(GorRecord record) {
  x_any_response = true;
  bool uncertain = false;
  if (const auto number = request_of(record.header, uncertain)) {
    Waiting request = x_requests.take(*number);
    emit(&request, &record, request.place, uncertain);
    return;
  }
  ForeignConnections::Place place = place_of(record.header.id);
  x_responses.add(x_records, {std::move(record), std::move(place)});
  while (x_responses.overfull()) give_up_oldest();
}

/// Ids repeat: of several open requests the one asked last before the response came.
std::optional<std::uint64_t> GorReader::request_of(const GorHeader& response, bool& uncertain) const {
  std::optional<std::uint64_t> best;
  Time asked{};
  for (auto [at, end] = x_requests.of_id(response.id); at != end; ++at) {
    const GorHeader& request = x_requests.at(at->second).record.header;
    if (request.first > response.last) continue;
    uncertain = best.has_value();
    if (best && request.first < asked) continue;
    best = at->second;
    asked = request.first;
  }
  return best;
}

/// A response that the file has before its request: the first that came after it was asked.
std::optional<std::uint64_t> GorReader::response_of(const GorHeader& request) const {
  for (auto [at, end] = x_responses.of_id(request.id); at != end; ++at) {
    if (x_responses.at(at->second).record.header.last >= request.first) return at->second;
  }
  return std::nullopt;
}

/// False: nobody waits.
bool GorReader::give_up_oldest() {
  if (x_requests.empty() && x_responses.empty()) return false;
  const bool request = !x_requests.empty() && (x_responses.empty() || x_requests.oldest() < x_responses.oldest());
  Waiting waiting = request ? x_requests.take(x_requests.oldest()) : x_responses.take(x_responses.oldest());
  emit(request ? &waiting : nullptr, request ? nullptr : &waiting.record, waiting.place);
  return true;
}

void GorReader::emit(Waiting* request, GorRecord* response, const ForeignConnections::Place& place, bool uncertain) {
  http::Exchange exchange = exchange_of(request == nullptr ? nullptr : &request->record.message,
                                        response == nullptr ? nullptr : &response->message);
  exchange.connection = place.connection;
  exchange.sequence = place.sequence;
  if (uncertain) exchange.flags.set(Flag::pairing_uncertain);
  if (request != nullptr) {
    exchange.request.first = request->record.header.first;
    exchange.request.last = request->record.header.last;
  }
  if (response != nullptr) {
    exchange.response.first = response->header.first;
    exchange.response.last = response->header.last;
  }
  if (response == nullptr) exchange.response.first = exchange.response.last = exchange.request.last;
  if (request == nullptr) exchange.request.first = exchange.request.last = exchange.response.first;
  if (response == nullptr) exchange.reason = x_any_response ? Reason::unpaired : Reason::one_sided;
  if (request == nullptr) exchange.reason = x_any_request ? Reason::unpaired : Reason::one_sided;
  if (exchange.reason == Reason::none) exchange.reason = truncation_reason(exchange);
  x_ready.push_back(std::move(exchange));
}

}  // namespace

std::unique_ptr<ForeignReader> read_gor(NextStream next_part, SharedNumbers numbers) {
  return std::make_unique<GorReader>(std::move(next_part), std::move(numbers));
}

}  // namespace tapedeck::format
