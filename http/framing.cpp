#include "http/framing.hpp"

#include <algorithm>

#include "http/authority.hpp"
#include "http/chars.hpp"
#include "http/connection_names.hpp"
#include "http/field_names.hpp"

namespace tapedeck::http {
namespace {

constexpr std::uint64_t kMaxLength = (std::uint64_t{1} << 63) - 1;

/// All Content-Length lines of a head, lists included.
struct Lengths {
  unsigned count = 0;
  std::uint64_t value = 0;
  bool invalid = false;
  bool unequal = false;
};

/// All Transfer-Encoding lines of a head as one list.
struct Codings {
  unsigned lines = 0;
  unsigned items = 0;
  unsigned chunked = 0;
  unsigned empty = 0;
  bool last_is_chunked = false;

  bool only_chunked() const { return lines == 1 && items == 1 && last_is_chunked; }
  bool others_before_chunked() const { return last_is_chunked && chunked == 1 && empty == 0 && items > 1; }
};

struct FramingFields {
  Lengths lengths;
  Codings codings;
  unsigned hosts = 0;
  std::string_view host;
  bool close = false;
  bool keep_alive = false;
  std::size_t connection_items = 0;
  bool names_protected = false;
  bool alias = false;
};

/// 1*DIGIT up to 2^63 - 1.
bool parse_length(std::string_view text, std::uint64_t& value) {
  if (text.empty()) return false;
  value = 0;
  for (const char c : text) {
    if (!is_digit(c)) return false;
    const auto digit = static_cast<std::uint64_t>(c - '0');
    if (value > (kMaxLength - digit) / 10) return false;
    value = value * 10 + digit;
  }
  return true;
}

void add_lengths(std::string_view list, Lengths& lengths) {
  for_each_item(list, [&lengths](std::string_view item) {
    std::uint64_t length = 0;
    if (!parse_length(item, length)) lengths.invalid = true;
    if (lengths.count > 0 && length != lengths.value) lengths.unequal = true;
    if (lengths.count == 0) lengths.value = length;
    ++lengths.count;
  });
}

void add_codings(std::string_view list, Codings& codings) {
  ++codings.lines;
  for_each_item(list, [&codings](std::string_view item) {
    ++codings.items;
    if (item.empty()) ++codings.empty;
    codings.last_is_chunked = equals_ignoring_case(item, "chunked");
    if (codings.last_is_chunked) ++codings.chunked;
  });
}

void add_connection(std::string_view list, FramingFields& out) {
  for_each_item(list, [&out](std::string_view item) {
    ++out.connection_items;
    if (equals_ignoring_case(item, "close")) out.close = true;
    if (equals_ignoring_case(item, "keep-alive")) out.keep_alive = true;
    if (is_protected(known_field(item).field)) out.names_protected = true;
  });
}

FramingFields collect(const Head& head) {
  FramingFields out;
  for (const auto& field : head.fields) {
    const auto known = known_field(field.name);
    if (known.alias) {
      if (is_protected(known.field)) out.alias = true;
      continue;
    }
    switch (known.field) {
      case KnownField::content_length: add_lengths(field.value, out.lengths); break;
      case KnownField::transfer_encoding: add_codings(field.value, out.codings); break;
      case KnownField::connection: add_connection(field.value, out); break;
      case KnownField::host:
        ++out.hosts;
        out.host = field.value;
        break;
      default: break;
    }
  }
  return out;
}

bool persists(const Head& head, const FramingFields& fields) {
  return !fields.close && (head.version != Version::http_1_0 || fields.keep_alive);
}

bool check_host(const Head& head, const FramingFields& fields, Judge& judge) {
  const bool may_lack = head.version == Version::http_1_0;
  const bool right = fields.hosts == 1 ? is_valid_authority(fields.host) : fields.hosts == 0 && may_lack;
  return right || !judge.refuses(Rule::host);
}

/// The declared length, for a message that is not chunked and may have a body.
bool plan_length(const Lengths& lengths, Judge& judge, BodyPlan& plan) {
  if (lengths.invalid) return !judge.gives_up(Rule::length_invalid);
  if (lengths.unequal) return !judge.gives_up(Rule::length_repeated);
  if (lengths.count > 1) {
    if (judge.refuses_request(Rule::length_repeated)) return false;
    judge.in_doubt = true;
  }
  plan.framing = Framing::length;
  plan.length = lengths.value;
  return true;
}

/// Whether the codings can be undone as `chunked`; what an observer still reads so is noted.
bool check_chunked(const Head& head, const Codings& codings, Judge& judge) {
  if (codings.others_before_chunked()) {
    if (judge.refuses(Rule::coding_unknown, 501)) return false;
  } else if (!codings.only_chunked()) {
    if (judge.refuses(Rule::coding_invalid)) return false;
    judge.doubt_framing();
  }
  if (head.version == Version::http_1_0) {
    if (judge.refuses(Rule::coding_invalid)) return false;
    judge.doubt_framing();
  }
  return true;
}

bool is_bodyless(const Head& head, const RequestFacts& request) {
  return request.is_head || head.status < 200 || head.status == 204 || head.status == 304;
}

/// HEAD, 1xx, 204, 304: no body whatever the fields say; those that must not be there are noted.
bool check_bodyless(const Head& head, const FramingFields& fields, Judge& judge) {
  const bool no_fields = head.status < 200 || head.status == 204;
  const bool coded = fields.codings.lines > 0;
  const bool measured = fields.lengths.count > 0;
  // RFC 9112 6.1 allows Transfer-Encoding to HEAD and on 304; it tells the next hop nothing and is removed.
  if ((coded && (no_fields || judge.mode == Mode::strict)) || (measured && no_fields)) {
    judge.note(Rule::bodyless_fields);
  }
  if (no_fields) {
    const bool zero = fields.lengths.value == 0 && !fields.lengths.invalid && !fields.lengths.unequal;
    const bool claims_body = coded || (measured && !zero);
    if (claims_body) judge.doubt_framing();
    return true;
  }
  const auto& lengths = fields.lengths;
  if (lengths.invalid) return !judge.refuses(Rule::length_invalid);
  if (lengths.unequal) return !judge.refuses(Rule::length_repeated);
  if (lengths.count > 1) judge.note(Rule::length_repeated);
  return true;
}

}  // namespace

RequestFacts facts_of(const Head& request) {
  RequestFacts facts;
  facts.is_head = request.method == "HEAD";
  facts.is_connect = request.method == "CONNECT";
  facts.version = request.version;
  facts.asks_upgrade = request.find("upgrade").has_value() && request.has_token("connection", "upgrade");
  return facts;
}

bool plan_request_body(const Head& head, Judge& judge, BodyPlan& plan) {
  const auto fields = collect(head);
  const bool too_many_names = fields.connection_items > kMaxConnectionNames;
  if ((fields.names_protected || too_many_names) && judge.refuses(Rule::connection_names)) return false;
  if (fields.alias) judge.note(Rule::alias);
  if (!check_host(head, fields, judge)) return false;
  if (fields.codings.lines > 0) {
    if (!fields.codings.last_is_chunked) return !judge.gives_up(Rule::coding_invalid);
    if (!check_chunked(head, fields.codings, judge)) return false;
    if (fields.lengths.count > 0) {
      if (judge.refuses(Rule::coding_and_length)) return false;
      judge.doubt_framing();
    }
    plan.framing = Framing::chunked;
  } else if (fields.lengths.count > 0 && !plan_length(fields.lengths, judge, plan)) {
    return false;
  }
  plan.keeps_alive = persists(head, fields) && !judge.in_doubt;
  return true;
}

bool plan_response_body(const Head& head, const RequestFacts& request, Judge& judge, BodyPlan& plan) {
  const auto fields = collect(head);
  if (fields.names_protected) judge.note(Rule::connection_names);
  if (fields.alias) judge.note(Rule::alias);
  plan.tunnel = head.status == 101 || (request.is_connect && head.status >= 200 && head.status < 300);
  if (head.status == 101 && !request.asks_upgrade && judge.refuses(Rule::interim)) return false;
  if (plan.tunnel) return true;
  if (is_bodyless(head, request)) {
    if (!check_bodyless(head, fields, judge)) return false;
  } else if (fields.codings.lines > 0) {
    if (fields.lengths.invalid && judge.refuses(Rule::length_invalid)) return false;
    if (fields.codings.last_is_chunked) {
      if (!check_chunked(head, fields.codings, judge)) return false;
      plan.framing = Framing::chunked;
    } else {
      if (judge.refuses(Rule::coding_invalid)) return false;
      plan.framing = Framing::until_close;
    }
    if (fields.lengths.count > 0) {
      judge.note(Rule::coding_and_length);
      judge.doubt_framing();
    }
  } else if (fields.lengths.count > 0) {
    if (!plan_length(fields.lengths, judge, plan)) return false;
  } else {
    plan.framing = Framing::until_close;
  }
  plan.keeps_alive = persists(head, fields) && plan.framing != Framing::until_close && !judge.in_doubt;
  return true;
}

}  // namespace tapedeck::http
