#include <algorithm>
#include <cmath>

#include <boost/math/special_functions/beta.hpp>

#include "diff/conclusion.hpp"

namespace tapedeck::diff {

// Wilson, "Probable inference, the law of succession, and statistical inference" (1927).
Interval wilson95(std::uint64_t hits, std::uint64_t of) {
  if (of == 0) return {0, 1};
  constexpr double kZ = 1.959963984540054;
  const auto n = static_cast<double>(of);
  const double p = static_cast<double>(hits) / n;
  const double centre = p + kZ * kZ / (2 * n);
  const double spread = kZ * std::sqrt(p * (1 - p) / n + kZ * kZ / (4 * n * n));
  const double scale = 1 + kZ * kZ / n;
  return {hits == 0 ? 0 : std::max(0.0, (centre - spread) / scale),
          hits == of ? 1 : std::min(1.0, (centre + spread) / scale)};
}

// Clopper and Pearson, "The use of confidence or fiducial limits" (1934): quantiles of the beta distribution.
double upper_bound(std::uint64_t hits, std::uint64_t of, double alpha) {
  if (hits >= of) return 1;
  return boost::math::ibeta_inv(static_cast<double>(hits) + 1, static_cast<double>(of - hits), 1 - alpha);
}

double lower_bound(std::uint64_t hits, std::uint64_t of, double alpha) {
  if (hits == 0 || of == 0) return 0;
  return boost::math::ibeta_inv(static_cast<double>(hits), static_cast<double>(of - hits) + 1, alpha);
}

}  // namespace tapedeck::diff
