#pragma once
#include <string>
#include <string_view>

#include "http/field_names.hpp"
#include "http/forwarding.hpp"
#include "http/head_writer.hpp"

namespace tapedeck::http {

/// X-Forwarded-For, -Proto, -Host and Forwarded (RFC 7239) of one request on its way to the upstream.
class ForwardedFields {
 public:
  /// `host`: whom the client asked; empty if it did not say.
  ForwardedFields(const Head& request, const Hop& hop, std::string_view host, ForwardedHeaders policy);

  /// Writes `field` as it goes on, with our part if it is the last of its name. False: the field is none of these.
  bool pass(KnownField known, const Field& field, HeadWriter& writer);
  /// Writes what the request did not bring along.
  void add_missing(HeadWriter& writer) const;

 private:
  std::string element() const;

  const Hop& x_hop;
  std::string_view x_host;
  ForwardedHeaders x_policy;
  unsigned x_for = 0;  // fields still to come
  unsigned x_forwarded = 0;
  bool x_has_for = false;
  bool x_has_proto = false;
  bool x_has_host = false;
};

}  // namespace tapedeck::http
