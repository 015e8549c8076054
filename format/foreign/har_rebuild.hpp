#pragma once
#include <string_view>

#include "format/foreign/har_entry.hpp"
#include "format/foreign/har_url.hpp"
#include "format/foreign/skip_account.hpp"
#include "http/exchange.hpp"

// From an entry's fields and texts back to messages as HTTP/1.1 would have carried them (docs/import-export.md, HAR).
namespace tapedeck::format {

/// Head and body of the request, and what they say in version and flags. False, and nothing is done, if the method is
/// none. What is left out of the messages is counted in `skips`.
bool rebuild_request(const HarRequest& request, const HarUrl& url, http::Exchange& exchange, SkipAccount& skips);

/// The same for what came back, if anything did; `exchange` holds the request.
void rebuild_response(const HarEntry& entry, http::Exchange& exchange, SkipAccount& skips);

}  // namespace tapedeck::format
