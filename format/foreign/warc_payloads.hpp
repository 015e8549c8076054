#pragma once
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <string>

namespace tapedeck::format {

/// Bodies that an import has met, for records that only refer to them. Bounded: the oldest are forgotten.
class WarcPayloads {
 public:
  struct Payload {
    std::string body;
    std::string content_encoding;
  };
  explicit WarcPayloads(std::uint64_t memory = 64u << 20) : x_memory(memory) {}

  /// Under a record's id and its payload's digest; empty names are none.
  void add(const std::string& record_id, const std::string& digest, Payload payload);
  /// By the first of both names that is known; null if neither is.
  const Payload* find(const std::string& record_id, const std::string& digest) const;

 private:
  using Shared = std::shared_ptr<const Payload>;  // owners: the entries under its names
  void forget_oldest();

  std::uint64_t x_memory;
  std::uint64_t x_bytes = 0;
  std::map<std::string, Shared, std::less<>> x_by_name;
  struct Entry {
    std::string record_id;
    std::string digest;
    std::uint64_t bytes = 0;
  };
  std::deque<Entry> x_entries;  // oldest first
};

}  // namespace tapedeck::format
