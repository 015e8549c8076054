#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "http/exchange.hpp"

namespace tapedeck::format {

/// What a method, or a field's name, is made of.
bool is_token(std::string_view text);
/// Whether it may stand in a head: no controls but tabs.
bool is_field_value(std::string_view text);

struct HeadLine {
  std::string_view name;
  std::string value;  // without outer blanks; of a folded line each fold is one space
};

/// The fields of a raw head, pseudo-headers too. Lines that are no field are left out.
std::vector<HeadLine> head_lines(std::string_view head);

/// What a head says in its first line, or an HTTP/2 one in its pseudo-headers.
struct RequestFacts {
  std::string method;
  std::string target;
  std::string host;    // authority; the server's address if the head names none; empty if nothing is known
  std::string scheme;  // http or https
};
RequestFacts request_facts(const http::Exchange& exchange);

/// `http://host/path?query`; for CONNECT the host alone behind the scheme. What may not stand in a URL is %XX.
std::string url_of(const RequestFacts& facts);

}  // namespace tapedeck::format
