#pragma once
#include <string>
#include <string_view>

namespace tapedeck::diff {

/// Empty unless the Content-Type is multipart with a boundary (RFC 2046, 5.1.1).
std::string_view multipart_boundary(std::string_view content_type);

/// The body with its delimiter lines reduced to `--`: the boundary is the sender's choice, new in every answer, and
/// says nothing.
std::string without_boundary(std::string_view body, std::string_view boundary);

}  // namespace tapedeck::diff
