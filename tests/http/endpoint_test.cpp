#include "http/endpoint.hpp"

#include <doctest/doctest.h>

namespace tapedeck::http {
namespace {

TEST_CASE("segments that look like values become placeholders") {
  struct Case {
    std::string_view target, expected;
  };
  for (const Case& c : {
           Case{"/orders/123/items?page=2", "/orders/{id}/items"},
           Case{"/temperature/-40", "/temperature/{id}"},
           Case{"/batch/1,2,3", "/batch/{id}"},
           Case{"/u/123e4567-e89b-12d3-a456-426614174000", "/u/{uuid}"},
           Case{"/blob/9f86d081884c7d65", "/blob/{hex}"},
           Case{"/day/2026-01-31/2026-01-31T10:00:00Z", "/day/{date}/{date}"},
           Case{"/mail/jo@example.com/jo%40example.com", "/mail/{email}/{email}"},
           Case{"/t/01ARZ3NDEKTSV4RRFFQ69G5FAV", "/t/{token}"},
           Case{"/t/eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9", "/t/{token}"},
           Case{"/img/42.jpg", "/img/{id}.jpg"},
           Case{"http://host/a/7", "/a/{id}"},
       }) {
    CAPTURE(c.target);
    CHECK(template_of(c.target) == c.expected);
  }
}

TEST_CASE("names stay as they are") {
  for (const char* target :
       {"/", "*", "/api/v2/users", "/top-10-books-of-2024-and-2025", "/defaced", "/a//b/", "/1.2.3/x", "/index.html",
        "/getUserProfileByEmailAddress", "/2026-01", "/.well-known/x", "/a@b"})
    CHECK(template_of(target) == target);
}

TEST_CASE("a template stays small however long the path is") {
  std::string deep;
  for (int i = 0; i < 1000; ++i) deep += "/x";
  CHECK(template_of(deep).size() < 100);
  CHECK(template_of("/" + std::string(5000, 'y')) == "/{token}");
}

TEST_CASE("an endpoint is method and template") {
  CHECK(to_string(endpoint_of("GET", "/orders/5")) == "GET /orders/{id}");
  CHECK(endpoint_of("GET", "/orders/5") == endpoint_of("GET", "/orders/6?x"));
  CHECK(endpoint_of("GET", "/orders/5") != endpoint_of("PUT", "/orders/5"));
}

}  // namespace
}  // namespace tapedeck::http
