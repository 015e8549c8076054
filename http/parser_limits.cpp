#include <limits>

#include "http/parser.hpp"

namespace tapedeck::http {

ParserLimits strict_request_limits() { return {}; }

ParserLimits strict_response_limits() {
  ParserLimits limits;
  limits.head_bytes = 64 * 1024;
  limits.fields = 256;
  return limits;
}

ParserLimits observe_limits() {
  ParserLimits limits;
  limits.head_bytes = 256 * 1024;
  limits.fields = 8 * 1024;
  limits.target_bytes = limits.head_bytes;
  limits.method_bytes = limits.head_bytes;
  limits.trailer_bytes = 64 * 1024;
  limits.trailer_fields = 8 * 1024;
  limits.chunk_line_bytes = 16 * 1024;
  limits.interim_heads = std::numeric_limits<std::size_t>::max();
  return limits;
}

}  // namespace tapedeck::http
