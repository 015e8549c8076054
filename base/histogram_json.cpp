#include "base/histogram_json.hpp"

namespace tapedeck {

void write_quantiles_us(JsonWriter& json, const Histogram& histogram, std::span<const NamedQuantile> quantiles) {
  json.begin_object();
  for (const auto& [name, q] : quantiles) {
    json.field(name, static_cast<double>(histogram.quantile(q).count()) / 1000);
  }
  json.end_object();
}

}  // namespace tapedeck
