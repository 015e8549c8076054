#pragma once
#include <functional>
#include <memory>

#include "format/byte_stream.hpp"
#include "format/foreign/foreign_reader.hpp"

namespace tapedeck::format {

/// The next file of a recording that was cut into chunk files; null behind the last.
using NextStream = std::function<Result<std::unique_ptr<ByteStream>>()>;

/// GoReplay's .gor, decompressed. An exchange may begin in one chunk file and end in a later one. Memory: the record at
/// hand (a body beyond 64 MiB is truncated) and at most 64 MiB of requests that wait for their answer.
std::unique_ptr<ForeignReader> read_gor(NextStream next_file);
std::unique_ptr<ForeignReader> read_gor(std::unique_ptr<ByteStream> file);

}  // namespace tapedeck::format
