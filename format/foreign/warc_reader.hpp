#pragma once
#include <memory>

#include "format/foreign/foreign_connections.hpp"
#include "format/foreign/foreign_reader.hpp"
#include "format/foreign/warc_payloads.hpp"

namespace tapedeck::format {

/// WARC 0.18 to 1.1, decompressed: request and response (or revisit) records become exchanges; partners may stand in
/// different parts. Memory: a record (a body
/// beyond 64 MiB is truncated), at most 64 MiB of records that wait for their partner, and `payloads`, which several
/// readers may share (owners: the readers of an import).
std::unique_ptr<ForeignReader> read_warc(NextStream next_part,
                                         std::shared_ptr<WarcPayloads> payloads = std::make_shared<WarcPayloads>(),
                                         SharedNumbers numbers = std::make_shared<ConnectionNumbers>());

}  // namespace tapedeck::format
