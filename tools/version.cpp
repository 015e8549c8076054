#include "tools/version.hpp"

namespace tapedeck::tools {

const char* version() { return TAPEDECK_VERSION; }

}  // namespace tapedeck::tools
