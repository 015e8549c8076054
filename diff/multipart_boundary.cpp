#include "diff/multipart_boundary.hpp"

#include <algorithm>

#include "http/head.hpp"

namespace tapedeck::diff {

std::string_view multipart_boundary(std::string_view content_type) {
  constexpr std::string_view kType = "multipart/";
  constexpr std::string_view kParameter = "boundary=";
  if (!http::equals_ignoring_case(content_type.substr(0, kType.size()), kType)) return {};
  for (std::size_t at = content_type.find(';'); at != std::string_view::npos; at = content_type.find(';', at)) {
    at = std::min(content_type.find_first_not_of("; \t", at), content_type.size());
    std::string_view parameter = content_type.substr(at);
    if (!http::equals_ignoring_case(parameter.substr(0, kParameter.size()), kParameter)) continue;
    parameter.remove_prefix(kParameter.size());
    if (parameter.starts_with('"')) return parameter.substr(1, parameter.find('"', 1) - 1);
    return parameter.substr(0, parameter.find_first_of("; \t"));
  }
  return {};
}

std::string without_boundary(std::string_view body, std::string_view boundary) {
  const std::string delimiter = "--" + std::string(boundary);
  std::string out;
  std::size_t copied = 0;
  for (std::size_t at = body.find(delimiter); at != std::string_view::npos; at = body.find(delimiter, copied)) {
    const bool starts_line = at == 0 || body[at - 1] == '\n';
    out += body.substr(copied, at - copied);
    out += starts_line ? std::string_view("--") : std::string_view(delimiter);
    copied = at + delimiter.size();
  }
  return out += body.substr(copied);
}

}  // namespace tapedeck::diff
