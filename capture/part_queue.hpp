#pragma once
#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <variant>
#include <vector>

#include "capture/recorder.hpp"
#include "http/exchange_sink.hpp"

namespace tapedeck::capture {

/// The source's promise, see ExchangeSink::advance.
struct Watermark {
  Time time{};
};

/// No more parts of this exchange will come, for want of room.
struct Abandoned {
  std::uint64_t exchange = 0;
  http::Reason reason = http::Reason::none;
};

/// Whether the exchanges of a loss stand in the account already.
enum class Booked : std::uint8_t { no, yes };
struct LossItem {
  http::Loss loss;
  Booked booked = Booked::no;
};

using QueueItem = std::variant<http::ExchangePart, LossItem, Watermark, Abandoned>;

/// Items in the order they came, with the bytes that their parts view.
class PartBatch {
 public:
  /// Copies what the part views.
  void add(const http::ExchangePart& part);
  void add(QueueItem item) { x_items.push_back(std::move(item)); }
  const std::vector<QueueItem>& items() const { return x_items; }
  std::uint64_t memory() const { return x_items.size() * sizeof(QueueItem) + x_block_bytes; }

 private:
  std::string_view copy(std::string_view bytes);

  std::vector<QueueItem> x_items;
  std::vector<std::unique_ptr<char[]>> x_blocks;
  char* x_next = nullptr;  // in the last block
  std::size_t x_room = 0;  // behind it
  std::uint64_t x_block_bytes = 0;
};

/// From the source's thread to the recorder's, bounded by the memory of what waits and what is being worked on.
/// The taker looks every 50 ms, or at once when much waits: waking it for each part would cost the source more than
/// the copy does.
class PartQueue {
 public:
  PartQueue(std::uint64_t limit, WhenFull when_full) : x_limit(limit), x_when_full(when_full) {}

  /// False if there is no room (WhenFull::drop) or the queue is closed.
  bool push(const http::ExchangePart& part);
  /// The same for items that own nothing.
  bool push(const QueueItem& item);
  /// For what must arrive: ends and the like, small and at most one an exchange.
  void push_always(const http::ExchangePart& part);
  void push_always(const QueueItem& item);
  void close();

  /// What waits; waits for it a little. Nothing more will come once it is closed and the batch is empty.
  PartBatch pop();
  /// Gives the memory of a batch back.
  void done(PartBatch batch);
  bool closed() const;
  std::uint64_t memory() const;

 private:
  template <class Item>
  bool push_if_room(const Item& item, std::uint64_t cost);
  template <class Item>
  void insert(const Item& item);
  std::uint64_t held() const { return x_waiting.memory() + x_taken; }
  bool has_room(std::uint64_t cost) const { return held() == 0 || held() + cost <= x_limit; }

  const std::uint64_t x_limit;
  const WhenFull x_when_full;
  mutable std::mutex x_mutex;
  std::condition_variable x_wake;
  std::condition_variable x_room;
  PartBatch x_waiting;
  std::uint64_t x_taken = 0;  // memory of batches popped and not yet done
  bool x_hurry = false;
  bool x_closed = false;
};

}  // namespace tapedeck::capture
