#pragma once
#include <memory>
#include <string_view>

#include "http/filter_node.hpp"

namespace tapedeck::http {

/// The tree of a filter expression. Errors name the position in `text` and what was expected there.
Result<std::unique_ptr<Filter::Node>> parse_filter(std::string_view text);

}  // namespace tapedeck::http
