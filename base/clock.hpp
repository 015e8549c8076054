#pragma once
#include "base/time.hpp"

namespace tapedeck {

/// The only source of "now". Everything else takes time as an argument, so that tests own it.
struct Clock {
  virtual ~Clock() = default;
  virtual Time wall() const = 0;
  virtual MonoTime mono() const = 0;
};

const Clock& system_clock();

}  // namespace tapedeck
