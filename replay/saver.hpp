#pragma once
#include <cstdint>
#include <thread>
#include <vector>

#include "base/bounded_queue.hpp"
#include "http/exchange_sink.hpp"
#include "replay/answered.hpp"
#include "replay/judge.hpp"

namespace tapedeck::replay {

/// A thread that hands the live answers to an ExchangeSink, whole exchanges one after the other, each under the
/// connection and sequence of the recorded one.
class Saver {
 public:
  Saver(http::ExchangeSink& sink, unsigned workers, std::size_t queue_bytes, QueueFull when_full);
  ~Saver();

  /// From any thread. False: the queue is full, the exchange is not saved.
  bool take(unsigned worker, AnsweredPtr answered);
  void finish();

 private:
  struct Item {
    unsigned worker;
    AnsweredPtr answered;
  };
  void work();
  void advance(const Item& item);

  http::ExchangeSink* x_sink;
  BoundedQueue<Item> x_queue;
  QueueFull x_when_full;
  std::vector<Time> x_oldest_open;  // by worker
  std::uint64_t x_next = 0;
  std::thread x_thread;
};

/// All parts of a whole exchange, in order.
void feed(http::ExchangeSink& sink, std::uint64_t number, const http::Exchange& exchange);

}  // namespace tapedeck::replay
