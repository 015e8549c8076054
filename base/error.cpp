#include "base/error.hpp"

#include <cerrno>
#include <ostream>

namespace tapedeck {

Error make_error(std::string message) {
  return make_error(boost::system::errc::make_error_code(boost::system::errc::invalid_argument), std::move(message));
}

Error make_error(error_code code, std::string message) { return {code, std::move(message)}; }

Error errno_error(std::string message) {
  const error_code code{errno, boost::system::system_category()};
  return {code, std::move(message) + ": " + code.message()};
}

std::ostream& operator<<(std::ostream& out, const Error& error) { return out << error.message; }

void throw_exception_from_error(const Error& error, const boost::source_location&) {
  throw std::runtime_error(error.message);
}

}  // namespace tapedeck
