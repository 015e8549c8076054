#pragma once
#include <cstdint>

#include "http/head.hpp"
#include "http/judge.hpp"
#include "http/parser.hpp"

namespace tapedeck::http {

/// What the fields of a head say about its body and its connection.
struct BodyPlan {
  Framing framing = Framing::none;
  std::uint64_t length = 0;
  bool keeps_alive = true;
  bool tunnel = false;
};

/// Reads the fields that frame and route (RFC 9112 section 6, RFC 9110 section 7). False: `judge` gave up or refused.
bool plan_request_body(const Head& head, Judge& judge, BodyPlan& plan);
bool plan_response_body(const Head& head, const RequestFacts& request, Judge& judge, BodyPlan& plan);

}  // namespace tapedeck::http
