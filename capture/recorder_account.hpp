#pragma once
#include <cstdint>
#include <mutex>
#include <string>

#include "capture/recorder.hpp"
#include "http/flags.hpp"

namespace tapedeck::capture {

/// Books the fate of every exchange, so that the sum holds whenever anyone looks. Thread-safe.
class RecorderAccount {
 public:
  void seen(std::uint64_t exchanges = 1);
  /// Takes exchanges out of the account again: they are not part of the recording after all.
  void unsee(std::uint64_t exchanges);
  void recorded();
  void incomplete(http::Reason reason);
  void filtered(http::Reason reason);
  void dropped(http::Reason reason, std::uint64_t exchanges = 1);
  void seen_and_filtered(http::Reason reason);
  void seen_and_dropped(http::Reason reason, std::uint64_t exchanges);

  void set_bytes(std::uint64_t on_tape);
  void set_full();
  /// Nothing is recorded for now. `message` stays for people when the trouble is over.
  void trouble(std::string message);
  /// The same without the consequence.
  void remark(std::string message);
  void trouble_is_over();

  /// Without `memory`.
  RecorderStats snapshot() const;

 private:
  mutable std::mutex x_mutex;
  RecorderStats x_stats;  // in_flight is worked out when asked for
};

}  // namespace tapedeck::capture
