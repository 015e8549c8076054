#include "diff/body_diff.hpp"

#include <optional>
#include <utility>

#include "diff/body_format.hpp"
#include "diff/multipart_boundary.hpp"
#include "diff/text_diff.hpp"
#include "http/content_coding.hpp"

namespace tapedeck::diff {
namespace {

http::Decoded decode(const BodyView& body, const DifferLimits& limits) {
  http::DecodeLimits decode_limits;
  decode_limits.bytes = limits.decoded_body;
  return http::decode_content(body.content_encoding, as_bytes(body.bytes), decode_limits);
}

/// A decoded body and what it turned out to be.
struct ReadBody {
  std::string text;         // unless there is a tree: that holds it
  std::string_view format;  // json, invalid_json, html, xml, text, binary, empty
  bool too_large = false;   // for a tree; its bytes are compared instead
  std::optional<JsonTree> tree;
  std::string_view whole() const { return tree ? std::string_view(tree->text()) : std::string_view(text); }
};

ReadBody read_body(std::string text, std::string_view content_type, const DifferLimits& limits, std::uint64_t seed) {
  const FormatGuess guess = guess_format(content_type, text);
  ReadBody out;
  out.format = name_of(guess.format);
  if (guess.format != BodyFormat::json) {
    out.text = std::move(text);
    return out;
  }
  JsonTree tree = JsonTree::parse(std::move(text), {limits.tree_body, limits.tree_nodes, limits.depth}, seed);
  if (tree.ok()) {
    out.tree = std::move(tree);
    return out;
  }
  out.text = std::move(tree).take_text();
  if (tree.failure() == JsonFailure::too_large)
    out.too_large = true;
  else
    out.format = guess.declared ? "invalid_json" : name_of(unstructured_format(out.text));
  return out;
}

Difference at_root(Kind kind, const ReadBody& primary, const ReadBody& candidate) {
  Difference difference;
  difference.kind = kind;
  difference.primary = shown(primary.whole());
  difference.candidate = shown(candidate.whole());
  return difference;
}

void diff_formats(const ReadBody& primary, const ReadBody& candidate, DifferenceList& out) {
  if (candidate.format == "empty") return out.add(at_root(Kind::missing, primary, candidate));
  if (primary.format == "empty") return out.add(at_root(Kind::added, primary, candidate));
  const bool broken = candidate.format == "invalid_json" && primary.format == "json";
  Difference difference = at_root(broken ? Kind::unparsable : Kind::format, primary, candidate);
  if (!broken) {
    difference.from = primary.format;
    difference.to = candidate.format;
  }
  out.add(std::move(difference));
}

BodyOutcome diff_read(const ReadBody& primary, const ReadBody& candidate, const PairFacts& facts, DifferenceList& out) {
  if (primary.format != candidate.format) return diff_formats(primary, candidate, out), BodyOutcome{};
  if (primary.tree && candidate.tree) {
    if (primary.tree->node(0).hash == candidate.tree->node(0).hash) return {"form", {}};
    diff_trees(*primary.tree, *candidate.tree, facts, out);
    return out.empty() ? BodyOutcome{"form", {}} : BodyOutcome{};
  }
  // A tree that is too large to build: equal or not in value, nobody knows.
  if (primary.too_large || candidate.too_large) return {{}, "tree_cap"};
  if (primary.format == "binary")
    diff_bytes(primary.text, candidate.text, out);
  else
    diff_lines(primary.text, candidate.text, out);
  return {};
}

/// One side at least could not be decoded.
BodyOutcome diff_undecoded(const BodyView& primary, const BodyView& candidate, http::DecodeFailure left,
                           http::DecodeFailure right, DifferenceList& out) {
  if (left == right && primary.content_encoding == candidate.content_encoding &&
      left != http::DecodeFailure::too_large) {
    diff_bytes(primary.bytes, candidate.bytes, out);
    return {};
  }
  if (left == http::DecodeFailure::none && right == http::DecodeFailure::corrupt) {
    Difference difference;
    difference.kind = Kind::unparsable;
    difference.primary = std::to_string(primary.bytes.size()) + " bytes";
    difference.candidate =
        std::to_string(candidate.bytes.size()) + " bytes that are not valid " + std::string(candidate.content_encoding);
    out.add(std::move(difference));
    return {};
  }
  return {{},
          left == http::DecodeFailure::too_large || right == http::DecodeFailure::too_large ? "decode_cap"
                                                                                            : "decode_error"};
}

}  // namespace

BodyOutcome diff_bodies(const BodyView& primary, const BodyView& candidate, Compare compare, const DifferLimits& limits,
                        std::uint64_t seed, const PairFacts& facts, DifferenceList& out) {
  if (primary.bytes == candidate.bytes && primary.content_encoding == candidate.content_encoding) return {"bytes", {}};
  if (compare == Compare::bytes) return diff_bytes(primary.bytes, candidate.bytes, out), BodyOutcome{};
  http::Decoded left = decode(primary, limits);
  http::Decoded right = decode(candidate, limits);
  if (left.failure != http::DecodeFailure::none || right.failure != http::DecodeFailure::none) {
    return diff_undecoded(primary, candidate, left.failure, right.failure, out);
  }
  if (left.bytes == right.bytes) return {"decoded", {}};
  const std::string_view left_boundary = multipart_boundary(primary.content_type);
  const std::string_view right_boundary = multipart_boundary(candidate.content_type);
  if (!left_boundary.empty() && !right_boundary.empty()) {
    left.bytes = without_boundary(left.bytes, left_boundary);
    right.bytes = without_boundary(right.bytes, right_boundary);
    if (left.bytes == right.bytes) return {"form", {}};
  }
  const ReadBody a = read_body(std::move(left.bytes), primary.content_type, limits, seed);
  const ReadBody b = read_body(std::move(right.bytes), candidate.content_type, limits, seed);
  return diff_read(a, b, facts, out);
}

}  // namespace tapedeck::diff
