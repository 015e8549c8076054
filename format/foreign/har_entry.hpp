#pragma once
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.hpp"
#include "http/flags.hpp"

// One entry of a HAR document, as it stands there. Views live until the parser's next entry.
namespace tapedeck::format {

struct HarField {
  std::string_view name;
  std::string_view value;
};

/// `postData` or `content`.
struct HarContent {
  std::optional<std::string_view> text;
  std::string_view encoding;  // base64, or nothing
  std::string_view mime_type;
  std::vector<HarField> params;
  std::optional<std::uint64_t> size;  // decoded
};

struct HarMessage {
  std::string_view version;
  std::vector<HarField> fields;
  std::optional<HarContent> content;
  std::optional<std::uint64_t> body_size;  // on the wire; not given or -1: nothing
  bool still_coded = false;                // `_tapedeck` says that the text keeps its content coding
  bool was_omitted = false;                // `_tapedeck` says that there was a body, which was not recorded
};

struct HarRequest : HarMessage {
  std::string_view method;
  std::string_view url;
};

struct HarResponse : HarMessage {
  std::uint16_t status = 0;  // 0: none came
  std::string_view reason;
};

/// Milliseconds; what is not given or -1 is 0.
struct HarTimings {
  double blocked = 0;
  double dns = 0;
  double connect = 0;
  double ssl = 0;
  double send = 0;
  double wait = 0;
  double receive = 0;
};

/// `_tapedeck`: what our own exports add, to the nanosecond.
struct HarOwnFacts {
  Time request_first;
  Time request_last;
  Time response_first;
  Time response_last;
  http::FlagSet flags;
};

struct HarEntry {
  std::optional<Time> started;
  HarTimings timings;
  std::string_view connection;
  std::string_view server_address;
  HarRequest request;
  std::optional<HarResponse> response;
  std::optional<HarOwnFacts> own;
};

/// Reads entries; keeps its buffers.
class HarEntryParser {
 public:
  HarEntryParser();
  ~HarEntryParser();
  HarEntryParser(const HarEntryParser&) = delete;
  HarEntryParser& operator=(const HarEntryParser&) = delete;

  /// Nothing if the text is no JSON, or no entry with a request.
  std::optional<HarEntry> parse(std::string_view text);

 private:
  struct Impl;
  std::unique_ptr<Impl> x_impl;
};

}  // namespace tapedeck::format
