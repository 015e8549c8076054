#pragma once
#include <optional>
#include <string>
#include <string_view>

#include "format/foreign/raw_message.hpp"
#include "format/foreign/skip_account.hpp"
#include "format/foreign/warc_payloads.hpp"
#include "format/foreign/warc_records.hpp"
#include "http/exchange.hpp"

namespace tapedeck::format {

/// A record that holds one side of an exchange.
struct WarcMessage {
  WarcHead head;
  WarcBlock block;
  bool is_request() const { return head.type == "request"; }
  bool is_revisit() const { return head.type == "revisit"; }
};

/// Either may be null. Nothing if neither is HTTP; what is wrong with them is counted. Connection and sequence are left
/// to the caller.
std::optional<http::Exchange> warc_exchange(const WarcMessage* request, const WarcMessage* response,
                                            WarcPayloads& payloads, SkipAccount& account);

/// The head of the GET that a response to `uri` must have had; empty if `uri` is not http or https.
std::string rebuilt_get(std::string_view uri);

/// To the record's address, at the URI's port.
http::Connection warc_connection(const WarcHead& head);

}  // namespace tapedeck::format
