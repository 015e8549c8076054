#pragma once
#include <memory>

#include "format/foreign/foreign_connections.hpp"
#include "format/foreign/foreign_reader.hpp"

namespace tapedeck::format {

/// GoReplay's .gor, decompressed. An exchange may begin in one part and end in a later one. Memory: the record at
/// hand (a body beyond 64 MiB is truncated) and at most 64 MiB of requests that wait for their answer.
std::unique_ptr<ForeignReader> read_gor(NextStream next_part,
                                        SharedNumbers numbers = std::make_shared<ConnectionNumbers>());

}  // namespace tapedeck::format
