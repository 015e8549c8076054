#pragma once
#include <memory>
#include <string_view>

#include "format/byte_sink.hpp"
#include "format/foreign/exporter.hpp"
#include "format/foreign/gzip_members.hpp"

namespace tapedeck::format {

/// WARC 1.1: a warcinfo record, then a request and a response record an exchange that name each other, dates in ns, ids
/// that follow from the exchange's. Compressed, each record is a gzip member. A body that is not whole is written as
/// far as it is there, with WARC-Truncated. Skipped: response_alone, host_unknown, not_http_1 (exchanges). The sink
/// outlives the exporter; `tool_version` is what the file says of its writer.
std::unique_ptr<Exporter> make_warc_exporter(ByteSink& to, Compression compression, std::string_view tool_version);

}  // namespace tapedeck::format
