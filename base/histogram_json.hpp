#pragma once
#include <array>
#include <span>
#include <string_view>
#include <utility>

#include "base/histogram.hpp"
#include "base/json_writer.hpp"

namespace tapedeck {

using NamedQuantile = std::pair<std::string_view, double>;
inline constexpr std::array<NamedQuantile, 5> kLatencyQuantiles{
    {{"p50", .5}, {"p90", .9}, {"p99", .99}, {"p999", .999}, {"max", 1}}};

/// `{p50: ..., max: ...}` in microseconds, as the JSON of every command has it.
void write_quantiles_us(JsonWriter& json, const Histogram& histogram,
                        std::span<const NamedQuantile> quantiles = kLatencyQuantiles);

}  // namespace tapedeck
