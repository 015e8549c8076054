#pragma once
#include <functional>
#include <memory>

#include "base/time.hpp"
#include "replay/target.hpp"
#include "replay/unique_fd.hpp"

namespace tapedeck::replay {

/// A connected socket, or why there is none.
struct Opened {
  UniqueFd fd;
  FailReason failure = FailReason::refused;  // if !fd.valid()
};

/// A thread that connects, so that no connect is on a worker's way. At most 256 at once; the others wait their turn.
class Opener {
 public:
  /// Called on the opener's thread.
  using Receiver = std::function<void(Opened)>;

  Opener(StreamProtocol::endpoint endpoint, Duration connect_timeout);
  /// Gives up what is under way, without a call.
  ~Opener();

  /// From any thread.
  void open(Receiver receiver);

 private:
  struct Impl;
  std::unique_ptr<Impl> x_impl;
};

}  // namespace tapedeck::replay
