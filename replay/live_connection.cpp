#include "replay/live_connection.hpp"

#include <array>
#include <cerrno>

#include <sys/socket.h>
#include <sys/uio.h>

#include "replay/wire.hpp"

namespace tapedeck::replay {

error_code LiveConnection::adopt(UniqueFd fd, const StreamProtocol& protocol) {
  error_code ec;
  socket.assign(protocol, fd.release(), ec);
  if (!ec) socket.native_non_blocking(true, ec);
  return ec;
}

error_code LiveConnection::write_some() {
  std::array<iovec, 4> parts{};
  std::size_t count = 0, skip = written, left = 0;
  for (const ConstBytes piece : pieces_of(*request)) {
    if (skip >= piece.size()) {
      skip -= piece.size();
      continue;
    }
    const ConstBytes rest = piece.subspan(skip);
    skip = 0;
    left += rest.size();
    parts[count++] = {const_cast<std::byte*>(rest.data()), rest.size()};  // sendmsg only reads
  }
  msghdr message{};
  message.msg_iov = parts.data();
  message.msg_iovlen = count;
  const ssize_t sent = ::sendmsg(socket.native_handle(), &message, MSG_NOSIGNAL | MSG_DONTWAIT);
  if (sent < 0) return {errno, boost::system::system_category()};
  written += static_cast<std::size_t>(sent);
  fully_written = static_cast<std::size_t>(sent) == left;
  return fully_written ? error_code{}
                       : boost::system::errc::make_error_code(boost::system::errc::operation_would_block);
}

}  // namespace tapedeck::replay
