#include "format/foreign/foreign_reader.hpp"

#include <utility>

namespace tapedeck::format {

NextStream only_part(std::unique_ptr<ByteStream> part) {
  auto shared = std::make_shared<std::unique_ptr<ByteStream>>(std::move(part));  // std::function wants to copy
  return [shared]() -> Result<std::unique_ptr<ByteStream>> { return std::move(*shared); };
}

}  // namespace tapedeck::format
