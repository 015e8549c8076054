// A HAR document from anywhere: whatever is read of it is an exchange that a tape and a HAR can hold.
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <string>

#include "format/byte_stream.hpp"
#include "format/foreign/har_exporter.hpp"
#include "format/foreign/har_reader.hpp"
#include "format/foreign/raw_message.hpp"
#include "tests/support/memory_sink.hpp"

using namespace tapedeck;

namespace {

void check(const http::Exchange& exchange) {
  if (!exchange.flags.has(http::Flag::imported) || !exchange.connection || exchange.connection->number == 0)
    std::abort();
  if (!exchange.request.head.ends_with("\r\n\r\n")) std::abort();
  if (exchange.request.head.find("\r\n\r\n") + 4 != exchange.request.head.size()) std::abort();
  if (exchange.has_response() != exchange.response.head.ends_with("\r\n\r\n")) std::abort();
  if (exchange.request.head.size() > format::kMaxImportedHead) std::abort();
}

/// How many exchanges, and their document.
std::pair<std::size_t, std::string> read(std::string document) {
  const auto bytes = std::make_shared<std::string>();
  test::MemorySink sink(bytes);
  const auto exporter = format::make_har_exporter(sink, "1");
  const auto reader = format::read_har(format::memory_stream(std::move(document)), 1 << 16);
  if (!reader) std::abort();
  for (std::size_t count = 0;; ++count) {
    const auto next = (*reader)->next();
    if (!next || !*next) {
      if (!exporter->finish() || exporter->written() != count) std::abort();
      return {count, *bytes};
    }
    check(**next);
    if (!exporter->add(**next)) std::abort();
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto [count, document] = read(std::string(reinterpret_cast<const char*>(data), size));
  const auto [again, unused] = read(document);
  if (again > count) std::abort();  // fewer: %XX made an entry longer than the limit
  return 0;
}
