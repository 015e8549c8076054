#pragma once
#include <cstdint>
#include <string>

#include "base/json_writer.hpp"
#include "format/stored_body.hpp"
#include "http/exchange.hpp"

namespace tapedeck::format {

enum class JsonDetail : std::uint8_t {
  line,  // `list --json`
  full,  // and heads, trailers, bodies: `show --json`, `export --to ndjson`
};

/// One exchange as a JSON object, the fields of docs/cli.md in their order. Bodies must have been loaded (hashes).
void write_exchange(JsonWriter& json, const http::Exchange& exchange, JsonDetail detail);
/// The same object, whose large bodies are still on their tape and are read twice; in pieces, so that memory does not
/// follow them.
Result<void> write_stored(const StoredExchange& stored, JsonDetail detail, const ReadBody& read, const BodyVisitor& to);

}  // namespace tapedeck::format
