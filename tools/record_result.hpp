#pragma once
#include <optional>
#include <string>

#include "capture/capture_account.hpp"
#include "capture/recorder.hpp"
#include "proxy/serve.hpp"

namespace tapedeck::tools {

/// What `record` says at its end: seen = recorded + filtered + dropped + incomplete.
struct RecordResult {
  capture::RecorderStats recorder;
  std::optional<proxy::ProxyTotals> proxy;
  std::optional<capture::CaptureAccount> packets;

  bool has_loss() const;
  std::string to_json() const;
  std::string sentence(const std::string& out) const;
};

}  // namespace tapedeck::tools
