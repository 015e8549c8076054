#pragma once
#include <cstdint>
#include <string_view>

namespace tapedeck::capture {

/// Whether bytes begin with a start line; `maybe`: so far, and more are needed.
enum class Match : std::uint8_t { no, maybe, yes };

/// A whole line `METHOD target HTTP/1.x`.
Match match_request_line(std::string_view bytes);
/// `HTTP/1.x ddd`.
Match match_status_line(std::string_view bytes);
/// A broken request line and its head, through the empty line: no proper method or version, but `HTTP/1.` or a common
/// method in it. Servers answer such with 400. Only where a connection begins can one be sure that it is a request.
Match match_odd_request(std::string_view bytes);
/// Length of the head that match_odd_request() says yes to.
std::size_t odd_request_length(std::string_view bytes);
/// The empty lines in front of a start line that readers pass over.
std::size_t leading_empty_lines(std::string_view bytes);

/// What the first bytes of a direction are, where they are no HTTP/1.
enum class Protocol : std::uint8_t { unknown, tls, http2 };
Protocol protocol_of(std::string_view bytes);

}  // namespace tapedeck::capture
