#include <array>
#include <string>
#include <string_view>

#include <fmt/format.h>
#include <xxhash.h>

#include "diff/aggregate.hpp"

namespace tapedeck::diff {

std::uint64_t fingerprint_number(const CellKey& key) {
  const std::string primary_status = std::to_string(key.primary_status);
  const std::string candidate_status = std::to_string(key.candidate_status);
  const std::array<std::string_view, 10> fields{"v1",           key.endpoint.method, key.endpoint.path_template,
                                                primary_status, candidate_status,    name_of(key.location),
                                                key.path,       name_of(key.kind),   key.from,
                                                key.to};
  std::string text;
  for (const std::string_view field : fields) ((text += std::to_string(field.size())) += ':') += field;
  return XXH3_64bits(text.data(), text.size());
}

std::string fingerprint(const CellKey& key) { return fmt::format("{:016x}", fingerprint_number(key)); }

}  // namespace tapedeck::diff
