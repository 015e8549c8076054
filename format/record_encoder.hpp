#pragma once
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "format/chunk_builder.hpp"
#include "format/frame.hpp"
#include "format/layout.hpp"

namespace tapedeck::format {

/// A record on its way into the stream: what it says, then how it is stored.
struct EncodeJob {
  RecordType type{};
  std::string body;       // CHUNK: empty until encoded
  std::string content;    // of the one payload frame; CHUNK: none
  ClosedChunk chunk;      // its columns are of no use once they are encoded
  StoredPayload payload;  // its bytes: room to use, until encoded
  bool done = false;
  std::uint64_t raw_size = 0;          // of what is to be encoded
  std::vector<FrameContent> frames{};  // instead of a payload that is to be encrypted: it needs its record number
};

/// Compresses records on worker threads and hands them back in the order they came. With no workers the caller's
/// thread does it. Output does not depend on the number of workers.
class RecordEncoder {
 public:
  RecordEncoder(int level, unsigned workers, Encrypted encrypted = Encrypted::no);
  ~RecordEncoder();
  RecordEncoder(const RecordEncoder&) = delete;
  RecordEncoder& operator=(const RecordEncoder&) = delete;

  void submit(EncodeJob job);
  /// Whether no more should be submitted before one is taken.
  bool full() const;
  bool empty() const;
  /// Bytes that records hold here, before or after they are encoded.
  std::uint64_t memory() const;
  /// The oldest, if it is done (or once it is, with `wait`); nothing if there is none.
  enum class Wait : std::uint8_t { no, yes };
  std::unique_ptr<EncodeJob> take(Wait wait);
  /// Forgets all that was not taken.
  void clear();

 private:
  void work();

  const int x_level;
  const Encrypted x_encrypted;
  const std::size_t x_limit;
  Compressor x_compressor;  // the caller's thread
  std::vector<std::thread> x_workers;
  mutable std::mutex x_mutex;
  std::condition_variable x_has_work;
  std::condition_variable x_is_done;
  std::deque<std::unique_ptr<EncodeJob>> x_jobs;  // in order; guarded
  std::size_t x_started = 0;                      // the first x_started of x_jobs have been given out; guarded
  bool x_stopping = false;                        // guarded
};

}  // namespace tapedeck::format
