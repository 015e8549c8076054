#pragma once
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/error.hpp"
#include "format/stream_window.hpp"

namespace tapedeck::format {

/// Finds the elements of a HAR document's `log.entries`, one after another. Holds one element and a read buffer, never
/// the document; looks at no more of the JSON than where values end.
class HarElements {
 public:
  /// Elements of more than `largest` bytes are passed over and counted.
  HarElements(std::unique_ptr<ByteStream> from, std::size_t largest);

  /// The next element's text, valid until the next call; nothing once the document has ended as it should. An error:
  /// this is no HAR, the document is broken here or cut off, or the source failed.
  Result<std::optional<std::string_view>> next();

  std::uint64_t too_large() const { return x_too_large; }
  /// The error came in the middle of an element.
  bool cut_element() const { return x_in_element; }

 private:
  enum class Place : std::uint8_t { start, document, log, entries, end };
  enum class Keep : std::uint8_t { no, yes };

  /// One step: an element, or a move to another place.
  Result<std::optional<std::string_view>> step();
  Result<void> enter_document();
  Result<void> enter(Place place, char bracket, std::string_view what);
  /// Goes to the next member's value; nothing if the object ends here.
  Result<std::optional<std::string>> next_member();
  /// Before another item of the object or array: false if `bracket` closes it.
  Result<bool> another(char bracket);
  Result<void> pass_member(std::string_view name);
  Result<std::optional<std::string_view>> next_element();
  Result<std::string> key();
  /// Reads the value that begins here.
  Result<void> value(Keep keep);
  void keep_piece(std::string_view piece, Keep keep);
  Result<void> leave();                       // the object that ended here
  Result<std::optional<char>> skip_blanks();  // what follows, not taken; nothing at the end
  Result<char> next_character();              // the same, but the document may not end here
  Result<bool> more();                        // bytes in the window; false at the end
  Error broken(std::string_view why) const;
  Error cut_off() const;
  char front() const { return x_window.seen().front(); }

  StreamWindow x_window;
  std::size_t x_largest;
  Place x_place = Place::start;
  bool x_first_item = true;
  bool x_found_entries = false;
  bool x_in_element = false;
  bool x_overflow = false;
  std::string x_element;
  std::uint64_t x_too_large = 0;
};

}  // namespace tapedeck::format
