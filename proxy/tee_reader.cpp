#include "proxy/tee_reader.hpp"

#include <cstring>
#include <new>
#include <string>
#include <utility>

namespace tapedeck::proxy {
namespace {

using Kind = TeeRecord::Kind;

template <class T>
T copy_of(const std::byte* bytes) {
  T value{};
  std::memcpy(static_cast<void*>(&value), bytes, sizeof value);
  return value;
}

TeeBegin take_begin(std::byte* bytes) {
  auto* inside = std::launder(reinterpret_cast<TeeBegin*>(bytes));
  TeeBegin begin = std::move(*inside);
  inside->~TeeBegin();
  return begin;
}

void hand_on_end(const TeeRecord& record, const TeeEnd& end, http::ExchangeSink& sink) {
  http::EndPart part;
  part.flags = end.flags;
  part.reason = end.reason;
  part.request_body_length = end.body_length[0];
  if (end.has_response) part.response_body_length = end.body_length[1];
  const std::string rules = end.rules.empty() ? std::string() : end.rules.names();
  part.rules = rules;
  sink.take({record.exchange, record.time, part});
}

}  // namespace

std::size_t TeeReader::drain(http::ExchangeSink& sink, std::size_t at_most) {
  std::size_t taken = 0;
  Bytes readable = x_ring.readable();
  while (!readable.empty() && taken < at_most) {
    const auto record = copy_of<TeeRecord>(readable.data());
    hand_on(record, readable.data() + sizeof record, sink);
    x_ring.release(record.size);
    taken += record.size;
    readable = readable.subspan(record.size);
  }
  return taken;
}

void TeeReader::hand_on(const TeeRecord& record, std::byte* bytes, http::ExchangeSink& sink) {
  const ConstBytes view{bytes, record.length};
  switch (record.kind) {
    case Kind::begin: {
      TeeBegin begin = take_begin(bytes);
      sink.take({record.exchange, record.time,
                 http::BeginPart{std::move(begin.connection), begin.sequence, 0, begin.version}});
      return;
    }
    case Kind::head:
      sink.take({record.exchange, record.time, http::HeadPart{record.side, view, record.first, record.status}});
      return;
    case Kind::interim: sink.take({record.exchange, record.time, http::InterimPart{view}}); return;
    case Kind::body: sink.take({record.exchange, record.time, http::BodyPart{record.side, view}}); return;
    case Kind::trailers: sink.take({record.exchange, record.time, http::TrailersPart{record.side, view}}); return;
    case Kind::end: hand_on_end(record, copy_of<TeeEnd>(bytes), sink); return;
    case Kind::loss: sink.lost(copy_of<http::Loss>(bytes)); return;
    case Kind::mark: x_watermark = record.time; return;
  }
}

}  // namespace tapedeck::proxy
