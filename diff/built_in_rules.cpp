#include <algorithm>

#include "diff/scalar_diff.hpp"

namespace tapedeck::diff {
namespace {

std::vector<std::string> make_rules() {
  std::vector<std::string> rules{"redacted presence", "header:hop-by-hop ignore"};
  for (const char* name : {"content-length", "server", "via", "x-powered-by", "content-encoding"}) {
    rules.push_back(std::string("header:") + name + " ignore");
  }
  for (const char* name : {"date",
                           "age",
                           "etag",
                           "last-modified",
                           "expires",
                           "x-request-id",
                           "request-id",
                           "x-correlation-id",
                           "correlation-id",
                           "x-trace-id",
                           "x-transaction-id",
                           "traceparent",
                           "tracestate",
                           "x-b3-traceid",
                           "x-b3-spanid",
                           "x-b3-parentspanid",
                           "x-amzn-requestid",
                           "x-amzn-trace-id",
                           "x-amz-request-id",
                           "x-amz-id-2",
                           "x-amz-cf-id",
                           "cf-ray",
                           "x-cloud-trace-context",
                           "x-response-time",
                           "x-runtime",
                           "server-timing",
                           "x-envoy-upstream-service-time"}) {
    rules.push_back(std::string("header:") + name + " presence");
  }
  return rules;
}

}  // namespace

const std::vector<std::string>& built_in_rules() {
  static const std::vector<std::string> rules = make_rules();
  return rules;
}

std::size_t built_in_rule(std::string_view name) {
  const auto& rules = built_in_rules();
  return static_cast<std::size_t>(std::find(rules.begin(), rules.end(), name) - rules.begin());
}

}  // namespace tapedeck::diff
