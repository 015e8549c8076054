#pragma once

namespace tapedeck::tools {

const char* version();

}  // namespace tapedeck::tools
