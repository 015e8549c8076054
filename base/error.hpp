#pragma once
#include <iosfwd>
#include <stdexcept>
#include <string>
#include <utility>

#include <boost/assert/source_location.hpp>
#include <boost/system/error_code.hpp>
#include <boost/system/result.hpp>

namespace tapedeck {

using boost::system::error_code;

/// A failure of the world. `code` is what a program asks about, `message` is the one line a person reads:
/// what failed, where, and what to do about it.
struct Error {
  error_code code;
  std::string message;
};

/// For failures that need no code of their own.
Error make_error(std::string message);
Error make_error(error_code code, std::string message);
/// `message: strerror(errno)`.
Error errno_error(std::string message);

/// The message: so that a test that fails on a Result says why.
std::ostream& operator<<(std::ostream& out, const Error& error);

[[noreturn]] void throw_exception_from_error(const Error& error, const boost::source_location& where);

/// [[nodiscard]] result of an operation on the outside world. `value()` throws std::runtime_error on a bug.
template <class T>
using Result = boost::system::result<T, Error>;

}  // namespace tapedeck
