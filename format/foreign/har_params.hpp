#pragma once
#include <string>
#include <vector>

#include "format/foreign/har_entry.hpp"

namespace tapedeck::format {

/// `name=value&…` of a form's parameters. Some tools write them encoded, some as the user typed them: what holds a %XX
/// is taken as encoded, and only what may not stand in a form is encoded then.
std::string urlencoded(const std::vector<HarField>& params);

}  // namespace tapedeck::format
