#include "format/foreign/warc_payloads.hpp"

#include <utility>

namespace tapedeck::format {

void WarcPayloads::add(const std::string& record_id, const std::string& digest, Payload payload) {
  constexpr std::uint64_t kOverhead = 512;  // of an entry and its names
  const std::uint64_t bytes = payload.body.size() + kOverhead;
  if (bytes > x_memory) return;
  const bool known = !digest.empty() && x_by_name.contains(digest);
  const Shared shared = known ? x_by_name.find(digest)->second : std::make_shared<const Payload>(std::move(payload));
  if (!record_id.empty()) x_by_name[record_id] = shared;
  if (!digest.empty() && !known) x_by_name[digest] = shared;
  x_entries.push_back({record_id, known ? std::string() : digest, known ? kOverhead : bytes});
  x_bytes += x_entries.back().bytes;
  while (x_bytes > x_memory) forget_oldest();
}

const WarcPayloads::Payload* WarcPayloads::find(const std::string& record_id, const std::string& digest) const {
  for (const std::string* name : {&record_id, &digest}) {
    const auto found = name->empty() ? x_by_name.end() : x_by_name.find(*name);
    if (found != x_by_name.end()) return found->second.get();
  }
  return nullptr;
}

void WarcPayloads::forget_oldest() {
  const Entry& oldest = x_entries.front();
  x_by_name.erase(oldest.record_id);
  x_by_name.erase(oldest.digest);
  x_bytes -= oldest.bytes;
  x_entries.pop_front();
}

}  // namespace tapedeck::format
