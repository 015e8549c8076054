#pragma once
#include "base/json_writer.hpp"
#include "http/exchange.hpp"

namespace tapedeck::format {

/// An exchange that has a request as a HAR 1.2 entry; all that the format demands is there.
void write_har_entry(JsonWriter& json, const http::Exchange& exchange);

}  // namespace tapedeck::format
