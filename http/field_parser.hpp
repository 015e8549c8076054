#pragma once
#include <string_view>

#include "http/head.hpp"
#include "http/judge.hpp"

namespace tapedeck::http {

/// Reads field lines, each with its line end, into `table` (appended). A folded value stays one view, line ends inside.
/// False: `judge` refused.
bool parse_fields(std::string_view lines, Judge& judge, FieldTable& table);

/// Checks raw trailer lines. Broken ones are the rule `trailer`, whatever the rule would be in a head.
bool check_trailers(std::string_view lines, Judge& judge);

/// Cuts the next field line off `lines`. Neither name nor value has outer whitespace; both are empty where the line is
/// no field.
Field next_field_line(std::string_view& lines);

}  // namespace tapedeck::http
