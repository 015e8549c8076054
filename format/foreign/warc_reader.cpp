#include "format/foreign/warc_reader.hpp"

#include <algorithm>
#include <deque>
#include <list>
#include <utility>

#include "format/foreign/in_parts.hpp"
#include "format/foreign/warc_exchange.hpp"

namespace tapedeck::format {
namespace {

constexpr std::uint64_t kMaxWaitingBytes = 64u << 20;
constexpr std::size_t kMaxWaiting = 256;  // partners stand close to each other

bool names(const WarcHead& head, const std::string& id) {
  return !id.empty() && std::find(head.concurrent_to.begin(), head.concurrent_to.end(), id) != head.concurrent_to.end();
}

/// The word under which a record that is no message of an exchange is counted.
std::string_view other_content(const WarcHead& head) {
  for (const std::string_view type : {"warcinfo", "metadata", "resource", "conversion"}) {
    if (head.type == type) return type;
  }
  if (head.content_type.starts_with("text/dns") || head.target.starts_with("dns:")) return "dns";
  const bool message = head.type == "request" || head.type == "response" || head.type == "revisit";
  if (!message) return "other_record";
  const bool http = head.content_type.empty() || head.content_type.starts_with("application/http");
  return http ? "" : "other_protocol";
}

class WarcReader final : public ForeignReader {
 public:
  WarcReader(NextStream next_part, std::shared_ptr<WarcPayloads> payloads, SharedNumbers numbers)
      : x_parts(std::move(next_part)), x_payloads(std::move(payloads)), x_connections(std::move(numbers)) {}

  Result<std::optional<http::Exchange>> next() override {
    while (x_ready.empty()) {
      const auto more = x_failure ? Result<bool>(false) : take_record();
      if (!more) x_failure = more.error();
      if (more && *more) continue;
      if (!x_waiting.empty()) {
        give_up_oldest();
      } else if (x_failure) {
        return *x_failure;
      } else {
        return std::optional<http::Exchange>();
      }
    }
    std::optional<http::Exchange> exchange = std::move(x_ready.front());
    x_ready.pop_front();
    return exchange;
  }
  const Skipped& skipped() const override { return x_account.skipped(); }
  bool damaged() const override { return x_account.damaged(); }

 private:
  using Waiting = std::list<WarcMessage>;

  Result<bool> take_record();
  void take_message(WarcMessage message);
  Waiting::iterator partner_of(const WarcMessage& message);
  void give_up_oldest();
  WarcMessage remove(Waiting::iterator at);
  void emit(const WarcMessage* request, const WarcMessage* response);

  InParts<WarcRecords> x_parts;
  std::shared_ptr<WarcPayloads> x_payloads;
  SkipAccount x_account;
  ForeignConnections x_connections;
  Waiting x_waiting;  // in the file's order
  std::uint64_t x_waiting_bytes = 0;
  bool x_last_waits = false;  // the message read last is the last of x_waiting
  std::deque<http::Exchange> x_ready;
  std::optional<Error> x_failure;
};

/// False at the end.
Result<bool> WarcReader::take_record() {
  auto head = x_parts.next([this](WarcRecords& part) { return part.next(x_account); });
  if (!head) return head.error();
  if (!*head) return false;
  if ((*head)->segmented && (*head)->type == "continuation") {
    x_account.damage("continuation");  // of a body whose first part is imported as truncated
  } else if (const std::string_view other = other_content(**head); !other.empty()) {
    x_account.leave_out(other);
  } else {
    auto block = x_parts.part().take_block(**head);
    if (!block) return block.error();
    if (block->cut_off) x_account.damage("cut_off");
    take_message({std::move(**head), std::move(*block)});
    return true;
  }
  const auto whole = x_parts.part().skip_block(**head);
  if (!whole) return whole.error();
  if (!*whole) x_account.damage("cut_off");
  return true;
}

/// Who names the other, whichever it is; else the message in front of it, if both have the same URI and name nobody.
WarcReader::Waiting::iterator WarcReader::partner_of(const WarcMessage& message) {
  for (auto at = x_waiting.begin(); at != x_waiting.end(); ++at) {
    if (at->is_request() == message.is_request()) continue;
    if (names(message.head, at->head.id) || names(at->head, message.head.id)) return at;
  }
  if (!x_last_waits || x_waiting.empty()) return x_waiting.end();
  const auto last = std::prev(x_waiting.end());
  const bool neighbours = last->is_request() != message.is_request() && last->head.target == message.head.target &&
                          last->head.concurrent_to.empty() && message.head.concurrent_to.empty();
  return neighbours ? last : x_waiting.end();
}

void WarcReader::take_message(WarcMessage message) {
  const auto partner = partner_of(message);
  x_last_waits = partner == x_waiting.end();
  if (partner != x_waiting.end()) {
    const WarcMessage other = remove(partner);
    return message.is_request() ? emit(&message, &other) : emit(&other, &message);
  }
  x_waiting_bytes += message.block.bytes.size();
  x_waiting.push_back(std::move(message));
  while (x_waiting.size() > kMaxWaiting || (x_waiting_bytes > kMaxWaitingBytes && x_waiting.size() > 1)) {
    give_up_oldest();
  }
}

WarcMessage WarcReader::remove(Waiting::iterator at) {
  WarcMessage message = std::move(*at);
  x_waiting_bytes -= message.block.bytes.size();
  x_waiting.erase(at);
  return message;
}

void WarcReader::give_up_oldest() {
  const WarcMessage lone = remove(x_waiting.begin());
  lone.is_request() ? emit(&lone, nullptr) : emit(nullptr, &lone);
}

void WarcReader::emit(const WarcMessage* request, const WarcMessage* response) {
  auto exchange = warc_exchange(request, response, *x_payloads, x_account);
  if (!exchange) return;
  const bool response_knows = response != nullptr && (request == nullptr || !response->head.address.empty());
  const ForeignConnections::Place place =
      x_connections.place_alone(warc_connection(response_knows ? response->head : request->head));
  exchange->connection = place.connection;
  exchange->sequence = place.sequence;
  x_ready.push_back(std::move(*exchange));
}

}  // namespace

std::unique_ptr<ForeignReader> read_warc(NextStream next_part, std::shared_ptr<WarcPayloads> payloads,
                                         SharedNumbers numbers) {
  return std::make_unique<WarcReader>(std::move(next_part), std::move(payloads), std::move(numbers));
}

}  // namespace tapedeck::format
