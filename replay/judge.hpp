#pragma once
#include <atomic>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "base/bounded_queue.hpp"
#include "diff/aggregate.hpp"
#include "diff/differ.hpp"
#include "replay/answered.hpp"

namespace tapedeck::replay {

/// What a full queue means: a paced run never waits for a comparison.
enum class QueueFull : std::uint8_t { drop, wait };

/// Threads that compare recorded and live answers, apart from sending.
class Judge {
 public:
  struct Options {
    diff::Compare compare = diff::Compare::full;
    unsigned threads = 1;
    std::size_t queue_bytes = 64u << 20;
    QueueFull when_full = QueueFull::drop;
    std::vector<std::string> target_hosts;  // names by which live answers may speak of the target
  };
  explicit Judge(const Options& options);
  ~Judge();

  /// From any thread. False: the queue is full, the pair is not compared.
  bool take(AnsweredPtr pair);
  /// Compares what is queued, ends the threads. The sum of their counts.
  diff::Aggregate finish();

  struct Counts {
    std::uint64_t pairs = 0;  // compared + no_answer
    std::uint64_t different = 0;
  };
  /// So far; from any thread.
  Counts counts() const;

 private:
  struct Seat {
    diff::Aggregate aggregate;
    std::thread thread;
  };
  void work(Seat& seat);

  Options x_options;
  BoundedQueue<AnsweredPtr> x_queue;
  std::vector<std::unique_ptr<Seat>> x_seats;
  std::atomic<std::uint64_t> x_pairs{0};
  std::atomic<std::uint64_t> x_different{0};
};

/// A pair that was not compared, for `reason` (a word that lives for ever).
diff::PairResult not_compared(std::string_view reason);

}  // namespace tapedeck::replay
