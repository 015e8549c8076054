#pragma once
#include <cstddef>
#include <cstdint>

#include <boost/asio/io_context.hpp>

#include "replay/answer_reader.hpp"
#include "replay/planned_request.hpp"
#include "replay/target.hpp"
#include "replay/unique_fd.hpp"

namespace tapedeck::replay {

/// A connected socket of one worker, with the request it carries and the answer that comes in.
struct LiveConnection {
  LiveConnection(boost::asio::io_context& io, http::FieldTable& table, const AnswerLimits& limits)
      : socket(io), reader(table, limits) {}

  StreamProtocol::socket socket;
  AnswerReader reader;
  PlannedRequest* request = nullptr;
  std::size_t written = 0;  // of the request
  bool fully_written = true;
  std::uint32_t requests = 0;  // it has carried
  MonoTime first{};            // of the answer's bytes

  /// Takes the descriptor over. An error is ours.
  error_code adopt(UniqueFd fd, const StreamProtocol& protocol);
  /// One non-blocking gather write of what is left. would_block: some is left.
  error_code write_some();
};

}  // namespace tapedeck::replay
