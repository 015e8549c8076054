#pragma once
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.hpp"
#include "base/json_writer.hpp"

namespace tapedeck::replay {

/// `p99 > 300ms and error_rate > 1%`: comparisons of p50 p90 p99 p999 max (ns), error_rate, difference_rate (0..1)
/// with `> >= < <=`, joined by `and`, `or` (and binds tighter).
class Threshold {
 public:
  static Result<Threshold> parse(std::string_view text);
  using Measure = std::function<double(std::string_view name)>;
  bool holds(const Measure& measure) const;
  const std::string& text() const { return x_text; }
  /// The first named measure: what `thresholds: [{expr, value, ok}]` shows.
  const std::string& first_measure() const { return x_terms.front().measure; }
  bool names(std::string_view measure) const;
  bool names_latency() const;

 private:
  enum class Op { gt, ge, lt, le };
  struct Term {
    std::string measure;
    Op op = Op::gt;
    double limit = 0;
    bool starts_alternative = false;  // an `or` stands before it
    bool holds(double value) const;
  };
  static std::optional<Op> op_named(std::string_view word);

  std::string x_text;
  std::vector<Term> x_terms;
};

struct ThresholdResult {
  std::string expr;
  double value = 0;  // of its first measure: us for latencies, else a share
  bool ok = true;
};

/// `[{expr, value, ok}, ...]`
void write_thresholds(JsonWriter& json, const std::vector<ThresholdResult>& thresholds);

}  // namespace tapedeck::replay
