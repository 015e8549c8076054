#pragma once
#include <memory>

#include "format/byte_sink.hpp"
#include "format/foreign/exporter.hpp"
#include "format/foreign/gzip_members.hpp"

namespace tapedeck::format {

/// GoReplay's .gor: a request record and a response record an exchange, ids from the exchange's. Skipped: what
/// GoReplay would misread or send wrong: bodies that are not whole, messages that hold its separator. Where that is the
/// response, the request is written alone. The sink outlives the exporter.
std::unique_ptr<Exporter> make_gor_exporter(ByteSink& to, Compression compression);

}  // namespace tapedeck::format
