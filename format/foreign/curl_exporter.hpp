#pragma once
#include <filesystem>
#include <memory>

#include "base/error.hpp"
#include "format/byte_sink.hpp"
#include "format/foreign/exporter.hpp"

namespace tapedeck::format {

/// A shell script, a command a request, and a folder beside it, SCRIPT.bodies, with a file a body. A folder that is not
/// empty is refused unless forced; one that was made goes again if the export does not come to its end. Skipped:
/// response_alone, request_omitted, request_truncated, request_gap and what curl cannot send (exchanges);
/// field_refused, trailers (parts). The sink, where the script goes, outlives the exporter.
Result<std::unique_ptr<Exporter>> make_curl_exporter(ByteSink& to, const std::filesystem::path& script,
                                                     Overwrite overwrite);

}  // namespace tapedeck::format
