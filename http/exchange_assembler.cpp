#include "http/exchange_assembler.hpp"

#include <algorithm>
#include <utility>

#include "base/whole_number.hpp"

namespace tapedeck::http {
namespace {

// A body of at most this size frees too little to be worth losing.
constexpr std::uint64_t kSmallBody = 128;
// Holes listed for one exchange; a body with more of them ends at the last one listed.
constexpr std::size_t kMaxGaps = 64;

std::uint64_t memory_of(const Message& message) {
  return message.head.capacity() + message.trailers.capacity() + message.body.bytes.capacity();
}

std::uint64_t memory_of(const Exchange& exchange) {
  std::uint64_t sum = memory_of(exchange.request) + memory_of(exchange.response);
  for (const std::string& head : exchange.interim) sum += sizeof head + head.capacity();
  return sum + exchange.gaps.capacity() * sizeof(BodyGap);
}

std::uint64_t omittable_of(const Body& body) { return body.bytes.capacity() > kSmallBody ? body.bytes.capacity() : 0; }

void omit(Exchange& exchange, Side side) {
  Body& body = message_of(exchange, side).body;
  std::string().swap(body.bytes);  // assigning would keep the memory
  body.state = BodyState::omitted;
  body.omitted_because = OmittedBecause::capture_memory;
  exchange.flags.set(omitted_flag(side));
  std::erase_if(exchange.gaps, [side](const BodyGap& gap) { return gap.side == side; });
}

/// Whether a body under way at the end of a recording had all its bytes, as far as its head tells.
bool is_cut(const Message& message, std::uint64_t seen) {
  if (message.head.empty()) return false;
  if (find_field(message.head, "transfer-encoding")) return true;
  const auto declared = find_field(message.head, "content-length");
  if (!declared) return seen != 0;
  return whole_number<std::uint64_t>(*declared) != seen;
}

}  // namespace

std::optional<Exchange> ExchangeAssembler::take(const ExchangePart& part) {
  if (const auto* begin = std::get_if<BeginPart>(&part.content)) {
    Open& open = x_open[part.exchange];
    open.begun = part.time;
    open.exchange.connection = begin->connection;
    open.exchange.sequence = begin->sequence;
    open.exchange.stream = begin->stream;
    open.exchange.version = begin->version;
    settle(open);
    return std::nullopt;
  }
  const auto found = x_open.find(part.exchange);
  if (found == x_open.end()) return std::nullopt;  // forgotten
  if (const auto* end = std::get_if<EndPart>(&part.content)) return close(found, *end);
  apply(found->second, part);
  settle(found->second);
  return std::nullopt;
}

void ExchangeAssembler::apply(Open& open, const ExchangePart& part) {
  Exchange& exchange = open.exchange;
  const auto touch = [&](Side side) -> Message& {
    Message& message = message_of(exchange, side);
    if (!open.first[index_of(side)]) open.first[index_of(side)] = part.time;
    message.last = part.time;
    return message;
  };
  if (const auto* head = std::get_if<HeadPart>(&part.content)) {
    Message& message = touch(head->side);
    message.head = as_text(head->bytes);
    message.first = head->first;
    open.first[index_of(head->side)] = head->first;
    if (head->side == Side::response) exchange.status = head->status;
  } else if (const auto* interim = std::get_if<InterimPart>(&part.content)) {
    exchange.interim.emplace_back(as_text(interim->bytes));
  } else if (const auto* body = std::get_if<BodyPart>(&part.content)) {
    touch(body->side);
    add_body(open, body->side, body->bytes);
    if (!open.held_since[index_of(body->side)]) open.held_since[index_of(body->side)] = part.time;
  } else if (const auto* gap = std::get_if<GapPart>(&part.content)) {
    touch(gap->side);
    add_gap(open, gap->side, gap->length);
    if (!open.held_since[index_of(gap->side)]) open.held_since[index_of(gap->side)] = part.time;
  } else if (const auto* trailers = std::get_if<TrailersPart>(&part.content)) {
    touch(trailers->side).trailers = as_text(trailers->bytes);
  }
}

/// Gives the body its last word: its true length, and the truncated flag if not all of it is here.
void ExchangeAssembler::close_body(Open& open, Side side, std::optional<std::uint64_t> length) {
  Exchange& exchange = open.exchange;
  Body& body = message_of(exchange, side).body;
  const Flag truncated = truncated_flag(side);
  const std::uint64_t seen = open.seen[index_of(side)];
  if (length && *length < seen) length = seen;
  if (body.state == BodyState::none && length.value_or(0) == 0) {
    if (exchange.flags.has(truncated)) body.state = BodyState::kept;  // it was to have one; nothing of it came
    return;
  }
  if (body.state == BodyState::omitted) {
    exchange.flags.clear(truncated);
    body.wire_length = length ? length : seen;
    return;
  }
  body.state = BodyState::kept;
  // The source left pieces out and does not know how much that was: then nobody does.
  const bool unknown = exchange.flags.has(truncated) && !length;
  const std::uint64_t all = length.value_or(seen);
  if (all > open.taken[index_of(side)] + body.bytes.size()) exchange.flags.set(truncated);
  if (exchange.flags.has(truncated) && !unknown) body.wire_length = all;
}

void ExchangeAssembler::add_body(Open& open, Side side, ConstBytes bytes) {
  Body& body = message_of(open.exchange, side).body;
  open.seen[index_of(side)] += bytes.size();
  if (!open.keeping[index_of(side)]) return;
  if (!bytes.empty()) body.state = BodyState::kept;
  const std::uint64_t room = x_max_body - open.taken[index_of(side)] - body.bytes.size();
  append(body.bytes, bytes.first(static_cast<std::size_t>(std::min<std::uint64_t>(room, bytes.size()))));
  if (bytes.size() > room) open.keeping[index_of(side)] = false;
}

void ExchangeAssembler::add_gap(Open& open, Side side, std::uint64_t length) {
  if (length == 0) return;
  Exchange& exchange = open.exchange;
  Body& body = message_of(exchange, side).body;
  exchange.flags.set(gap_flag(side));
  std::uint64_t& seen = open.seen[index_of(side)];
  seen = length > UINT64_MAX - seen ? UINT64_MAX : seen + length;
  bool& keeping = open.keeping[index_of(side)];
  if (!keeping) return;
  body.state = BodyState::kept;
  const std::uint64_t offset = open.taken[index_of(side)] + body.bytes.size();
  const std::uint64_t here = std::min(length, x_max_body - offset);
  const auto previous = std::find_if(exchange.gaps.rbegin(), exchange.gaps.rend(),
                                     [side](const BodyGap& gap) { return gap.side == side; });
  const bool adjoins = previous != exchange.gaps.rend() && previous->offset + previous->length == offset;
  if (!adjoins && exchange.gaps.size() == kMaxGaps) {
    keeping = false;
    return;
  }
  if (here < length) keeping = false;
  if (here == 0) return;
  body.bytes.append(static_cast<std::size_t>(here), '\0');
  if (adjoins) {
    previous->length += here;
  } else {
    exchange.gaps.push_back({side, offset, here});
  }
}

/// Books what `open` holds now.
void ExchangeAssembler::settle(Open& open) {
  release(open);
  open.held = sizeof(Open) + memory_of(open.exchange);
  open.omittable = omittable_of(open.exchange.request.body) + omittable_of(open.exchange.response.body);
  x_bytes += open.held;
  x_omittable += open.omittable;
}

void ExchangeAssembler::release(const Open& open) {
  x_bytes -= open.held;
  x_omittable -= open.omittable;
}

Exchange ExchangeAssembler::close(OpenMap::iterator position, const EndPart& end) {
  Open open = std::move(position->second);
  x_open.erase(position);
  release(open);
  Exchange& exchange = open.exchange;
  exchange.flags = exchange.flags | end.flags;
  const bool lost_body =
      exchange.request.body.state == BodyState::omitted || exchange.response.body.state == BodyState::omitted;
  exchange.reason = end.reason == Reason::none && lost_body ? Reason::capture_memory : end.reason;
  exchange.rules = end.rules;
  close_body(open, Side::request, end.request_body_length);
  close_body(open, Side::response, end.response_body_length);
  if (exchange.request.head.empty()) exchange.flags.set(Flag::request_missing);
  if (exchange.response.head.empty()) {
    exchange.status = 0;
    exchange.flags.set(Flag::response_missing);
  }
  Message& request = exchange.request;
  Message& response = exchange.response;
  if (!open.first[0]) request.last = open.first[1].value_or(open.begun);
  request.first = open.first[0].value_or(request.last);
  if (!open.first[1]) response.last = request.last;
  response.first = open.first[1].value_or(response.last);
  return std::move(exchange);
}

bool ExchangeAssembler::forget(std::uint64_t exchange) {
  const auto found = x_open.find(exchange);
  if (found == x_open.end()) return false;
  release(found->second);
  x_open.erase(found);
  return true;
}

void ExchangeAssembler::omit_bodies(std::uint64_t target) {
  struct Candidate {
    std::uint64_t bytes;
    Open* open;
    Side side;
  };
  std::vector<Candidate> candidates;
  for (auto& [number, open] : x_open) {
    for (const Side side : {Side::request, Side::response}) {
      const std::uint64_t bytes = omittable_of(message_of(open.exchange, side).body);
      if (bytes != 0) candidates.push_back({bytes, &open, side});
    }
  }
  std::ranges::sort(candidates, std::ranges::greater{}, &Candidate::bytes);
  for (const Candidate& candidate : candidates) {
    if (x_bytes <= target) return;
    omit(candidate.open->exchange, candidate.side);
    candidate.open->keeping[index_of(candidate.side)] = false;
    settle(*candidate.open);
  }
}

const Exchange* ExchangeAssembler::find(std::uint64_t exchange) const {
  const auto found = x_open.find(exchange);
  return found == x_open.end() ? nullptr : &found->second.exchange;
}

ExchangeAssembler::HeldBody ExchangeAssembler::held(std::uint64_t exchange, Side side) const {
  const auto found = x_open.find(exchange);
  if (found == x_open.end()) return {};
  const Exchange& open = found->second.exchange;
  const Body& body = message_of(open, side).body;
  return {body.bytes.size(), found->second.held_since[index_of(side)].value_or(Time{})};
}

std::string ExchangeAssembler::take_body(std::uint64_t exchange, Side side, std::uint64_t limit) {
  const auto found = x_open.find(exchange);
  if (found == x_open.end()) return {};
  Open& open = found->second;
  std::string& bytes = message_of(open.exchange, side).body.bytes;
  std::string taken = std::exchange(bytes, {});
  if (taken.size() > limit) {
    bytes = taken.substr(static_cast<std::size_t>(limit));
    taken.resize(static_cast<std::size_t>(limit));
  } else {
    open.held_since[index_of(side)].reset();
  }
  open.taken[index_of(side)] += taken.size();
  settle(open);
  return taken;
}

bool ExchangeAssembler::request_is_whole(std::uint64_t exchange) const {
  const auto found = x_open.find(exchange);
  if (found == x_open.end()) return false;
  const Open& open = found->second;
  const Message& request = open.exchange.request;
  const bool all_is_here = open.keeping[0] && open.seen[0] == open.taken[0] + request.body.bytes.size() &&
                           !open.exchange.flags.has(Flag::request_gap);
  // Beyond HTTP/1 a body needs no head field that announces it.
  return all_is_here && open.exchange.version < Version::http_2 && !request.head.empty() &&
         !is_cut(request, open.seen[0]);
}

Time ExchangeAssembler::first_of(const Open& open) {
  return open.first[0] ? *open.first[0] : open.first[1].value_or(open.begun);
}

void ExchangeAssembler::for_each_open(const std::function<void(std::uint64_t exchange, Time first)>& visit) const {
  for (const auto& [number, open] : x_open) visit(number, first_of(open));
}

std::optional<Time> ExchangeAssembler::oldest_open() const {
  std::optional<Time> oldest;
  for (const auto& [number, open] : x_open) {
    if (!oldest || first_of(open) < *oldest) oldest = first_of(open);
  }
  return oldest;
}

std::vector<Exchange> ExchangeAssembler::finish(Reason reason) {
  std::vector<Exchange> ended;
  ended.reserve(x_open.size());
  while (!x_open.empty()) ended.push_back(*finish(x_open.begin()->first, reason));
  return ended;
}

std::optional<Exchange> ExchangeAssembler::finish(std::uint64_t exchange, Reason reason) {
  const auto found = x_open.find(exchange);
  if (found == x_open.end()) return std::nullopt;
  const Open& open = found->second;
  EndPart end;
  end.reason = reason;
  end.flags.set(Flag::cut_off);
  end.request_body_length = open.seen[0];
  end.response_body_length = open.seen[1];
  if (is_cut(open.exchange.request, open.seen[0])) end.flags.set(Flag::request_truncated);
  if (is_cut(open.exchange.response, open.seen[1])) end.flags.set(Flag::response_truncated);
  return close(found, end);
}

}  // namespace tapedeck::http
