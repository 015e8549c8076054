#pragma once
#include <memory>
#include <string_view>

#include "format/byte_sink.hpp"
#include "format/foreign/exporter.hpp"

namespace tapedeck::format {

/// HAR 1.2, an entry an exchange. Response bodies are decoded; `_tapedeck` keeps an exchange's id, times and flags.
/// Skipped: response_alone (exchanges); trailers, interim_response, body_too_large (parts). The sink outlives the
/// exporter. `tool_version` is what the document says of its creator.
std::unique_ptr<Exporter> make_har_exporter(ByteSink& to, std::string_view tool_version);

}  // namespace tapedeck::format
