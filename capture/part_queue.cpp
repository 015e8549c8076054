#include "capture/part_queue.hpp"

#include <algorithm>
#include <cstring>
#include <utility>

namespace tapedeck::capture {
namespace {

constexpr std::size_t kBlock = 16 * 1024;
constexpr std::chrono::milliseconds kPoll(50);

std::string_view bytes_of(const http::ExchangePart& part) {
  return std::visit(
      [](const auto& content) -> std::string_view {
        if constexpr (requires { content.bytes; }) return as_text(content.bytes);
        if constexpr (requires { content.rules; }) return content.rules;
        return {};
      },
      part.content);
}

void set_bytes(http::ExchangePart& part, std::string_view bytes) {
  std::visit(
      [bytes](auto& content) {
        if constexpr (requires { content.bytes; }) content.bytes = as_bytes(bytes);
        if constexpr (requires { content.rules; }) content.rules = bytes;
      },
      part.content);
}

}  // namespace

void PartBatch::add(const http::ExchangePart& part) {
  http::ExchangePart copied = part;
  set_bytes(copied, copy(bytes_of(part)));
  x_items.emplace_back(std::move(copied));
}

std::string_view PartBatch::copy(std::string_view bytes) {
  if (bytes.empty()) return {};
  if (bytes.size() > x_room) {
    const std::size_t size = std::max(kBlock, bytes.size());
    x_blocks.push_back(std::make_unique_for_overwrite<char[]>(size));
    x_block_bytes += size;
    x_next = x_blocks.back().get();
    x_room = size;
  }
  char* const to = x_next;
  std::memcpy(to, bytes.data(), bytes.size());
  x_next += bytes.size();
  x_room -= bytes.size();
  return {to, bytes.size()};
}

template <class Item>
void PartQueue::insert(const Item& item) {
  x_waiting.add(item);
  if (!x_hurry && x_waiting.memory() >= x_limit / 8) {
    x_hurry = true;
    x_wake.notify_one();
  }
}

template <class Item>
bool PartQueue::push_if_room(const Item& item, std::uint64_t cost) {
  std::unique_lock lock(x_mutex);
  if (!x_closed && !has_room(cost) && x_when_full == WhenFull::wait) {
    x_hurry = true;
    x_wake.notify_one();
    x_room.wait(lock, [&] { return x_closed || has_room(cost); });
  }
  if (x_closed || !has_room(cost)) return false;
  insert(item);
  return true;
}

bool PartQueue::push(const http::ExchangePart& part) {
  return push_if_room(part, sizeof(QueueItem) + bytes_of(part).size());
}

bool PartQueue::push(const QueueItem& item) { return push_if_room(item, sizeof(QueueItem)); }

void PartQueue::push_always(const http::ExchangePart& part) {
  const std::lock_guard lock(x_mutex);
  if (!x_closed) insert(part);
}

void PartQueue::push_always(const QueueItem& item) {
  const std::lock_guard lock(x_mutex);
  if (!x_closed) insert(item);
}

void PartQueue::close() {
  const std::lock_guard lock(x_mutex);
  x_closed = true;
  x_wake.notify_all();
  x_room.notify_all();
}

PartBatch PartQueue::pop() {
  std::unique_lock lock(x_mutex);
  x_wake.wait_for(lock, kPoll, [this] { return x_closed || x_hurry; });
  x_hurry = false;
  PartBatch batch = std::exchange(x_waiting, {});
  x_taken += batch.memory();
  return batch;
}

void PartQueue::done(PartBatch batch) {
  const std::lock_guard lock(x_mutex);
  x_taken -= batch.memory();
  x_room.notify_all();
}

bool PartQueue::closed() const {
  const std::lock_guard lock(x_mutex);
  return x_closed;
}

std::uint64_t PartQueue::memory() const {
  const std::lock_guard lock(x_mutex);
  return held();
}

}  // namespace tapedeck::capture
