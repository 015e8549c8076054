#include "http/start_line.hpp"

#include <algorithm>

#include "http/authority.hpp"
#include "http/chars.hpp"
#include "http/head.hpp"

namespace tapedeck::http {
namespace {

constexpr std::string_view kHttpSlash = "HTTP/";
static_assert(kHttpSlash.size() == kStartLinePrefix);

bool starts_like_version(std::string_view text) {
  return equals_ignoring_case(text.substr(0, kHttpSlash.size()), kHttpSlash);
}

bool all_digits(std::string_view text) { return !text.empty() && std::all_of(text.begin(), text.end(), is_digit); }

/// Where the last `HTTP/` of a line begins, any case.
std::size_t find_version(std::string_view line) {
  for (auto at = line.size(); at-- > 0;) {
    if ((line[at] == 'H' || line[at] == 'h') && starts_like_version(line.substr(at))) return at;
  }
  return std::string_view::npos;
}

/// `text` starts like a version. Strictly `HTTP/D.D`; observed also in other cases, and 1 with any minor or none.
bool parse_version(std::string_view text, Judge& judge, Version& version) {
  const auto numbers = text.substr(kHttpSlash.size());
  const auto dot = std::min(numbers.find('.'), numbers.size());
  const auto major = numbers.substr(0, dot);
  const auto minor = numbers.substr(std::min(dot + 1, numbers.size()));
  const bool exact =
      text.starts_with(kHttpSlash) && major.size() == 1 && minor.size() == 1 && all_digits(major) && all_digits(minor);
  if (!exact && judge.refuses(Rule::version)) return false;
  if (!all_digits(major)) return !judge.gives_up(Rule::version);
  if (major != "1") return !judge.gives_up(Rule::version, 505);
  version = minor == "0" ? Version::http_1_0 : Version::http_1_1;
  if (minor != "0" && minor != "1") judge.note(Rule::version);
  return true;
}

bool check_target_bytes(std::string_view target, Judge& judge) {
  bool odd = false;
  for (const char c : target) {
    if (is(c, kBadTargetChar) && judge.refuses(Rule::target_bytes)) return false;
    odd = odd || is(c, kOddTargetChar | kBadTargetChar);
  }
  if (odd) judge.note(Rule::target_bytes);
  return true;
}

/// Which forms a target may have depends on the method; CONNECT's own form is seen in observe mode alone.
bool check_target_form(std::string_view method, std::string_view target, Judge& judge) {
  if (target.front() == '/') return true;
  if (method == "CONNECT") return is_valid_authority(target) || !judge.refuses(Rule::target_form);
  if (target == "*" && method == "OPTIONS") return true;
  const auto absolute = split_absolute(target);
  return (absolute && is_valid_authority(absolute->authority)) || !judge.refuses(Rule::target_form);
}

/// The three parts of a request line. Observed also where spaces are missing, doubled or left over, as long as the
/// parts can be told apart: `GET/ HTTP/1.1`, `GET /HTTP/1.1`.
struct RequestParts {
  std::string_view method;
  std::string_view target;
  std::string_view version;
};

bool split_request_line(std::string_view line, Judge& judge, RequestParts& parts) {
  const auto not_token = std::find_if(line.begin(), line.end(), [](char c) { return !is(c, kTokenChar); });
  parts.method = line.substr(0, static_cast<std::size_t>(not_token - line.begin()));
  if (parts.method.empty() || not_token == line.end()) return !judge.gives_up(Rule::request_line);
  if (!is(*not_token, kSpaceChar)) {
    if (*not_token != '/') return !judge.gives_up(Rule::method);
    if (judge.refuses(Rule::method)) return false;
  }
  const auto at = find_version(line);
  if (at == std::string_view::npos || at < parts.method.size()) return !judge.gives_up(Rule::request_line);
  parts.version = trim(line.substr(at));
  const auto between = line.substr(parts.method.size(), at - parts.method.size());
  parts.target = trim(between);
  if (parts.target.empty()) return !judge.gives_up(Rule::request_line);
  const bool exact = between.size() == parts.target.size() + 2 && between.front() == ' ' && between.back() == ' ' &&
                     find_class(parts.target, kSpaceChar) == parts.target.size() &&
                     at + parts.version.size() == line.size();
  return exact || !judge.refuses(Rule::request_line);
}

bool parse_request_line(std::string_view line, std::size_t method_limit, Judge& judge, StartLine& out) {
  RequestParts parts;
  if (!split_request_line(line, judge, parts)) return false;
  const auto [method, target, version] = parts;
  if (method.size() > method_limit && judge.refuses(Rule::method, 501)) return false;
  if (!check_target_bytes(target, judge) || !parse_version(version, judge, out.version)) return false;
  const bool refused = method == "CONNECT" || method == "TRACE";
  if (refused && judge.mode == Mode::strict && judge.refuses(Rule::method_refused, 405)) return false;
  if (!check_target_form(method, target, judge)) return false;
  out.method = {0, method.size()};
  out.target = {static_cast<std::size_t>(target.data() - line.data()), target.size()};
  return true;
}

bool check_reason(std::string_view reason, Judge& judge) {
  for (const char c : reason) {
    if (!is(c, kControlChar) || c == '\t') continue;
    if (c == '\0' && judge.refuses(Rule::status_line)) return false;
    judge.note(Rule::field_value);
  }
  return true;
}

bool parse_status_line(std::string_view line, Judge& judge, StartLine& out) {
  if (!starts_like_version(line)) return !judge.gives_up(Rule::status_line);
  auto at = find_class(line, kSpaceChar);
  if (!parse_version(line.substr(0, at), judge, out.version)) return false;
  const auto spaces = at;
  while (at < line.size() && is(line[at], kSpaceChar)) ++at;
  const bool one_space = at == spaces + 1 && line[spaces] == ' ';
  if (!one_space && judge.refuses(Rule::status_line)) return false;
  const auto code = line.substr(at, 3);
  if (code.size() < 3 || !std::all_of(code.begin(), code.end(), is_digit)) return !judge.gives_up(Rule::status_line);
  out.status = static_cast<std::uint16_t>((code[0] - '0') * 100 + (code[1] - '0') * 10 + (code[2] - '0'));
  if (out.status < 100) return !judge.gives_up(Rule::status_line);
  if (out.status > 599) judge.note(Rule::status_line);
  at += 3;
  if (at == line.size()) {
    judge.note(Rule::status_line);
    out.reason = {at, 0};
    return true;
  }
  if (line[at] != ' ') return !judge.gives_up(Rule::status_line);
  out.reason = {at + 1, line.size() - at - 1};
  return check_reason(line.substr(at + 1), judge);
}

}  // namespace

bool strip_line_end(std::string_view& line, Judge& judge) {
  if (line.ends_with('\r')) {
    line.remove_suffix(1);
    return true;
  }
  return !judge.refuses(Rule::bare_lf);
}

bool may_begin_start_line(std::string_view bytes, Judge& judge) {
  if (judge.side == Side::response) {
    const auto seen = std::min(bytes.size(), kHttpSlash.size());
    const bool fits = equals_ignoring_case(bytes.substr(0, seen), kHttpSlash.substr(0, seen));
    return fits || !judge.gives_up(Rule::status_line);
  }
  if (is(bytes.front(), kTokenChar)) return true;
  return !judge.gives_up(is(bytes.front(), kSpaceChar) ? Rule::request_line : Rule::method);
}

bool parse_start_line(std::string_view line, std::size_t method_limit, Judge& judge, StartLine& out) {
  if (!strip_line_end(line, judge)) return false;
  if (line.find('\r') != std::string_view::npos) {
    if (judge.refuses(Rule::bare_cr)) return false;
    judge.doubt_framing();
  }
  return judge.side == Side::request ? parse_request_line(line, method_limit, judge, out)
                                     : parse_status_line(line, judge, out);
}

}  // namespace tapedeck::http
