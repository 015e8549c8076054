#include "format/foreign/har_url.hpp"

#include "base/text.hpp"
#include "http/authority.hpp"
#include "http/chars.hpp"

namespace tapedeck::format {
namespace {

std::string encoded_target(std::string_view text) {
  return (text.empty() || text.front() == '?' ? "/" : "") + percent_encoded(text);
}

HarUrl refused(std::string_view why) {
  HarUrl url;
  url.problem = why;
  return url;
}

}  // namespace

HarUrl parse_har_url(std::string_view text, std::string_view method) {
  if (text.empty() || http::find_control(text, 0) != text.size()) return refused("bad_url");
  text = text.substr(0, text.find('#'));
  HarUrl url;
  if (text.starts_with('/')) {
    url.target = encoded_target(text);
    return url;
  }
  const auto scheme_end = text.find("://");
  if (method == "CONNECT" && scheme_end == text.npos) {
    url.authority = text;
  } else {
    if (scheme_end == text.npos) return refused(text.find(':') == text.npos ? "bad_url" : "not_http");
    const std::string scheme = to_lower(text.substr(0, scheme_end));
    url.tls = scheme == "https" || scheme == "wss";
    if (!url.tls && scheme != "http" && scheme != "ws") return refused("not_http");
    text.remove_prefix(scheme_end + 3);
    url.authority = text.substr(0, text.find_first_of("/?"));
    text.remove_prefix(url.authority.size());
    url.authority.remove_prefix(url.authority.rfind('@') + 1);  // npos + 1 is 0: no user
  }
  if (!http::is_valid_authority(url.authority)) return refused("bad_url");
  url.target = method == "CONNECT" ? std::string(url.authority) : encoded_target(text);
  return url;
}

}  // namespace tapedeck::format
