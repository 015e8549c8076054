#include "diff/clusters.hpp"

#include <algorithm>
#include <map>
#include <tuple>
#include <unordered_map>

#include "diff/noise.hpp"
#include "diff/wording.hpp"

namespace tapedeck::diff {
namespace {

struct Entry {
  const CellKey* key;
  const Cell* cell;
  std::uint64_t number;  // fingerprint
  std::optional<std::string_view> noise;
  bool taken = false;
};

/// Severity, shortest path, name: the cell that speaks for its cluster comes first.
bool leads(const Entry& a, const Entry& b) {
  const auto rank = [](const Entry& e) {
    return std::tuple(e.noise.has_value(), severity_of(e.key->kind), e.key->kind, e.key->path.size(),
                      std::cref(e.key->path));
  };
  const auto x = rank(a);
  const auto y = rank(b);
  const auto front = [](const auto& r) {
    return std::tuple(std::get<0>(r), std::get<1>(r), std::get<2>(r), std::get<3>(r));
  };
  if (front(x) != front(y)) return front(x) < front(y);
  if (std::get<4>(x).get() != std::get<4>(y).get()) return std::get<4>(x).get() < std::get<4>(y).get();
  return a.number < b.number;
}

/// The cells of one endpoint, and in which signatures each occurs.
class EndpointCells {
 public:
  EndpointCells(const Aggregate& all, std::vector<Entry> entries) : x_entries(std::move(entries)) {
    std::sort(x_entries.begin(), x_entries.end(), leads);
    for (std::size_t i = 0; i < x_entries.size(); ++i) x_index.emplace(x_entries[i].number, i);
    x_in.resize(x_entries.size());
    for (const auto& item : all.signatures_of(x_entries.front().key->endpoint)) {
      for (const std::uint64_t number : item.first) {
        if (const auto at = x_index.find(number); at != x_index.end()) x_in[at->second].push_back(&item);
      }
    }
  }

  void append_clusters(std::uint64_t of, std::vector<Cluster>& out) {
    for (std::size_t i = 0; i < x_entries.size(); ++i) {
      if (x_entries[i].taken) continue;
      out.push_back(lead_by(i, of));
    }
  }

 private:
  Cluster lead_by(std::size_t leader, std::uint64_t of) {
    Entry& lead = x_entries[leader];
    lead.taken = true;
    Cluster cluster;
    cluster.fingerprint = fingerprint(*lead.key);
    cluster.key = *lead.key;
    cluster.count = lead.cell->pairs;
    cluster.of = of;
    cluster.rate = wilson95(cluster.count, of);
    cluster.examples = lead.cell->examples;
    if (lead.noise) cluster.noise = std::string(*lead.noise);
    cluster.sentence = sentence_of(*lead.key, cluster.count, of);
    for (const auto& [other, together] : occurring_with(leader)) {
      Entry& entry = x_entries[other];
      if (entry.taken || entry.noise != lead.noise || !alike(lead, entry, together)) continue;
      entry.taken = true;
      cluster.members.push_back(what(*entry.key));
    }
    return cluster;
  }

  std::map<std::size_t, std::uint64_t> occurring_with(std::size_t leader) const {
    std::map<std::size_t, std::uint64_t> together;
    for (const auto* item : x_in[leader]) {
      for (const std::uint64_t number : item->first) {
        if (const auto at = x_index.find(number); at != x_index.end() && at->second != leader)
          together[at->second] += item->second;
      }
    }
    return together;
  }

  static bool alike(const Entry& a, const Entry& b, std::uint64_t together) {
    if (a.key->primary_status != b.key->primary_status || a.key->candidate_status != b.key->candidate_status)
      return false;
    const std::uint64_t either = a.cell->pairs + b.cell->pairs - together;
    return 10 * together > 9 * either;
  }

  std::vector<Entry> x_entries;
  std::unordered_map<std::uint64_t, std::size_t> x_index;
  std::vector<std::vector<const Aggregate::Signatures::value_type*>> x_in;
};

bool shown_before(const Cluster& a, const Cluster& b) {
  if (a.noise.has_value() != b.noise.has_value()) return !a.noise.has_value();
  if (severity_of(a.key.kind) != severity_of(b.key.kind)) return severity_of(a.key.kind) < severity_of(b.key.kind);
  if (a.rate.low != b.rate.low) return a.rate.low > b.rate.low;
  return a.fingerprint < b.fingerprint;
}

}  // namespace

std::vector<Cluster> make_clusters(const Aggregate& all) {
  const auto endpoints = all.endpoints();
  std::vector<Cluster> out;
  auto at = all.cells().begin();
  while (at != all.cells().end()) {
    std::vector<Entry> entries;
    const http::Endpoint& endpoint = at->first.endpoint;
    for (; at != all.cells().end() && at->first.endpoint == endpoint; ++at) {
      entries.push_back({&at->first, &at->second, fingerprint_number(at->first), noise_source(at->first, at->second)});
    }
    const auto counts_there = endpoints.find(endpoint);
    const std::uint64_t of = counts_there == endpoints.end() ? 0 : counts_there->second.pairs;
    EndpointCells(all, std::move(entries)).append_clusters(of, out);
  }
  std::sort(out.begin(), out.end(), shown_before);
  return out;
}

}  // namespace tapedeck::diff
