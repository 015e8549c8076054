#pragma once
#include <map>
#include <vector>

#include "format/damage_report.hpp"
#include "tests/format/tape_fixture.hpp"

namespace tapedeck::test {

/// Only the first of two rows is left of it.
inline bool is_half(const http::Exchange& read, const http::Exchange& written) {
  return read.flags.has(http::Flag::cut_off) && !written.flags.has(http::Flag::cut_off);
}

inline bool is_half_of(const http::Exchange& read, const http::Exchange& written) {
  const std::string& body = read.request.body.bytes;
  return read.id == written.id && read.request.head == written.request.head &&
         read.request.first == written.request.first && read.status == 0 && read.response.head.empty() &&
         written.request.body.bytes.starts_with(body);
}

inline bool body_matches(const http::Body& read, const http::Body& written) {
  return read == written ||
         (read.state == http::BodyState::omitted && read.omitted_because == http::OmittedBecause::damaged);
}

/// Equal, but for what may be gone of a degraded exchange.
inline bool is_remnant_of(http::Exchange read, const http::Exchange& written) {
  if (is_half(read, written)) return is_half_of(read, written);
  if (!body_matches(read.request.body, written.request.body)) return false;
  if (!body_matches(read.response.body, written.response.body)) return false;
  read.request.body = written.request.body;
  read.response.body = written.response.body;
  if (read.response.head.empty()) read.response.head = written.response.head;
  if (read.request.trailers.empty()) read.request.trailers = written.request.trailers;
  if (read.response.trailers.empty()) read.response.trailers = written.response.trailers;
  if (read.interim.empty()) read.interim = written.interim;
  if (read.gaps.empty()) read.gaps = written.gaps;
  if (read.rules.empty()) read.rules = written.rules;
  http::Connection bare;
  bare.number = written.connection ? written.connection->number : 0;
  if (read.connection && *read.connection == bare) read.connection = written.connection;
  return equal(read, written);
}

inline void check_rows(const std::vector<http::Exchange>& rows, const format::DamageReport& report,
                       const WrittenTape& tape) {
  std::uint64_t degraded = 0;
  std::uint64_t halves = 0;
  std::map<std::uint64_t, const http::Exchange*> read;
  for (const http::Exchange& row : rows) {
    REQUIRE(row.id.ordinal < tape.exchanges.size());
    const http::Exchange& written = tape.exchanges[static_cast<std::size_t>(row.id.ordinal)];
    REQUIRE(is_remnant_of(row, written));
    if (is_half(row, written)) {
      ++halves;
    } else if (!equal(row, written)) {
      ++degraded;
    }
    REQUIRE(read.emplace(row.id.ordinal, &row).second);
  }
  std::uint64_t reported = 0;
  for (const auto& [kind, n] : report.degraded) reported += n;
  REQUIRE(degraded <= reported);
  REQUIRE(report.kept == rows.size());
  if (!report.tail_unknown) REQUIRE(halves <= report.completions_lost);
  if (!report.tail_unknown) REQUIRE(report.kept + report.lost == tape.exchanges.size());
  std::uint64_t missing = 0;
  for (const http::Exchange& written : tape.exchanges) {
    if (first_byte(written) < report.covered_until && !read.contains(written.id.ordinal)) ++missing;
  }
  REQUIRE(missing <= report.lost);
}

}  // namespace tapedeck::test
