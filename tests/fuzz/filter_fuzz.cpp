#include <string_view>

#include "http/filter.hpp"

using namespace tapedeck;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  http::Exchange exchange;
  // What follows an empty line is a request head: both sides of a comparison are hostile.
  const auto split = text.find("\n\n");
  if (split != text.npos) exchange.request.head = text.substr(split + 2);
  if (const auto filter = http::Filter::parse(text.substr(0, split))) (void)filter->matches(exchange);
  return 0;
}
