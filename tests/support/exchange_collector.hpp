#pragma once
#include <condition_variable>
#include <functional>
#include <mutex>
#include <vector>

#include "http/exchange_assembler.hpp"
#include "http/exchange_sink.hpp"

namespace tapedeck::test {

/// A sink that keeps whole exchanges and losses. Readable from any thread.
class ExchangeCollector final : public http::ExchangeSink {
 public:
  void take(const http::ExchangePart& part) noexcept override {
    const std::lock_guard lock(x_mutex);
    if (std::holds_alternative<http::BeginPart>(part.content)) ++x_begun;
    if (auto exchange = x_assembler.take(part)) x_exchanges.push_back(std::move(*exchange));
  }
  void lost(const http::Loss& loss) noexcept override {
    const std::lock_guard lock(x_mutex);
    x_losses.push_back(loss);
  }
  void advance(Time watermark) noexcept override {
    const std::lock_guard lock(x_mutex);
    x_watermark = watermark;
  }

  std::vector<http::Exchange> exchanges() const {
    const std::lock_guard lock(x_mutex);
    return x_exchanges;
  }
  std::size_t count() const {
    const std::lock_guard lock(x_mutex);
    return x_exchanges.size();
  }
  std::size_t begun() const {
    const std::lock_guard lock(x_mutex);
    return x_begun;
  }
  std::uint64_t lost_exchanges() const {
    const std::lock_guard lock(x_mutex);
    std::uint64_t sum = 0;
    for (const http::Loss& loss : x_losses) sum += loss.exchanges;
    return sum;
  }
  Time watermark() const {
    const std::lock_guard lock(x_mutex);
    return x_watermark;
  }

 private:
  mutable std::mutex x_mutex;
  http::ExchangeAssembler x_assembler{std::uint64_t{1} << 40};
  std::vector<http::Exchange> x_exchanges;
  std::vector<http::Loss> x_losses;
  std::size_t x_begun = 0;
  Time x_watermark{};
};

}  // namespace tapedeck::test
