#pragma once
#include <memory>
#include <string>
#include <string_view>

#include "base/error.hpp"
#include "http/exchange.hpp"

namespace tapedeck::http {

/// A filter expression of the command line (docs/filter-expressions.md):
/// `method == GET and path ~ "^/api/" and not header[user-agent] ~ "bot" and status >= 500`.
/// Immutable; copies share the compiled form. Thread-safe.
class Filter {
 public:
  /// Matches everything.
  Filter() = default;
  /// An error names the position in `text` and what was expected there.
  static Result<Filter> parse(std::string_view text);

  bool matches(const Exchange& exchange) const;
  /// Whether the expression can be decided before the response is there.
  bool needs_response() const;
  const std::string& text() const { return x_text; }

  struct Node;

 private:
  std::shared_ptr<const Node> x_root;  // owners: the copies of this filter
  std::string x_text;
};

/// `--sample 5%`: by hash of the connection, so whole sessions stay together; the same answer in every run.
class Sample {
 public:
  explicit Sample(double share = 1.0) : x_share(share) {}
  bool keeps(const Connection& connection) const;

 private:
  double x_share;
};

}  // namespace tapedeck::http
