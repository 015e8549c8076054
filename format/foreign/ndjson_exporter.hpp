#pragma once
#include <memory>

#include "format/byte_sink.hpp"
#include "format/foreign/exporter.hpp"

namespace tapedeck::format {

/// A line of JSON an exchange: what `show --json` says. Holds everything, skips nothing. The sink outlives the
/// exporter.
std::unique_ptr<Exporter> make_ndjson_exporter(ByteSink& to);

}  // namespace tapedeck::format
