#pragma once
#include <cstdint>
#include <memory>

#include "base/clock.hpp"
#include "tools/demo_shop.hpp"

namespace tapedeck::tools {

/// A small web shop over HTTP/1.1 on 127.0.0.1, served by a thread of its own from the constructor to the destructor:
///   GET /health                  {"status": "ok"}
///   GET /products?page=N         a list of products, in gzip when accepted
///   GET /products/{id}           one product
///   POST /cart                   {"product": 7, "quantity": 2} in, the cart out
///   GET /orders/{id}             an order, in chunks
///   GET /search?q=WORD           matching products
///   GET /recommendations         products, and a `request_token` that is new in every answer
///   GET /static/{name}           a text with ETag and Cache-Control; 304 when it is known
/// All answers but the token follow from the request. The new version answers as the old one, except that /search takes
/// 25 ms longer, the `total` of an order is called `total_amount`, and the price of /products/{id} is a string.
class DemoService {
 public:
  using Version = ShopVersion;

  /// `clock` dates the answers. Throws boost::system::system_error if the loopback cannot be listened on.
  explicit DemoService(Version version, const Clock& clock = system_clock());
  ~DemoService();  // ends open connections

  DemoService(const DemoService&) = delete;
  DemoService& operator=(const DemoService&) = delete;

  std::uint16_t port() const;

 private:
  struct Server;
  std::unique_ptr<Server> x_server;
};

}  // namespace tapedeck::tools
