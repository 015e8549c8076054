// The rules by which a HAR entry becomes an exchange, one sample each.
#include "tests/format/har_fixture.hpp"

using namespace tapedeck;
using namespace tapedeck::test;
using http::BodyState;
using http::Flag;

namespace {

std::string entry(const std::string& request, const std::string& response = R"("status":200)",
                  const std::string& more = "") {
  return R"({"startedDateTime":"2024-05-01T12:00:00.000Z",)" + more +
         R"("request":{"method":"GET","url":"http://a.example/x",)" + request +
         R"("httpVersion":"HTTP/1.1"},"response":{)" + response + "}}";
}

std::string with_content(const std::string& headers, const std::string& content, const std::string& body_size = "-1") {
  return entry("", R"("status":200,"statusText":"OK","headers":[)" + headers + R"(],"bodySize":)" + body_size +
                       R"(,"content":{)" + content + "}");
}

std::string header(const std::string& name, const std::string& value) {
  return R"({"name":")" + name + R"(","value":")" + value + R"("})";
}

constexpr std::int64_t kNoon = 1'714'564'800'000'000'000;  // 2024-05-01T12:00:00Z
constexpr std::int64_t kMs = 1'000'000;

}  // namespace

TEST_CASE("a HAR entry becomes an exchange with rebuilt heads and a decoded body") {
  const auto e = import_entry(
      R"({"startedDateTime":"2024-05-01T14:00:00.5+02:00","connection":"7","serverIPAddress":"192.0.2.9",
          "timings":{"blocked":1,"dns":2,"connect":3,"ssl":-1,"send":4,"wait":5.5,"receive":6},
          "request":{"method":"POST","url":"http://user:pw@shop.example:8080/cart?id=1#top","httpVersion":"HTTP/1.1",
            "headers":[{"name":"Accept","value":"*/*"}],"bodySize":5,
            "postData":{"mimeType":"text/plain","text":"h\u00e9!\n"}},
          "response":{"status":201,"statusText":"Created","httpVersion":"HTTP/1.1","bodySize":2,
            "headers":[{"name":"Content-Type","value":"text/plain"}],"content":{"size":2,"text":"ok"}}})");
  CHECK(e.request.head ==
        "POST /cart?id=1 HTTP/1.1\r\nHost: shop.example:8080\r\nAccept: */*\r\nContent-Type: text/plain\r\n"
        "Content-Length: 5\r\n\r\n");
  CHECK(e.request.body.bytes == "h\xC3\xA9!\n");
  CHECK(e.response.head == "HTTP/1.1 201 Created\r\nContent-Type: text/plain\r\nContent-Length: 2\r\n\r\n");
  CHECK(e.response.body.bytes == "ok");
  CHECK(e.status == 201);
  CHECK(to_ns(e.request.first) == kNoon + 506 * kMs);
  CHECK(e.request.last - e.request.first == std::chrono::milliseconds(4));
  CHECK(e.response.first - e.request.last == std::chrono::microseconds(5500));
  CHECK(e.response.last - e.response.first == std::chrono::milliseconds(6));
  CHECK(e.flags.has(Flag::imported));
  CHECK(e.flags.has(Flag::head_rebuilt));
  CHECK(http::to_string(e.connection->server) == "192.0.2.9:8080");
  CHECK(e.connection->number == 1);
}

TEST_CASE("a byte order mark is passed over, a document may come in pieces of any size") {
  const std::string document = "\xEF\xBB\xBF" + har_of(entry("") + " , \n" + entry(""));
  for (const std::size_t piece : {1u, 2u, 3u, 7u, 64u, 100'000u}) {
    CAPTURE(piece);
    const auto imported = import_har(document, piece);
    CHECK(imported.error.empty());
    CHECK(imported.exchanges.size() == 2);
  }
}

TEST_CASE("members of any kind before and behind the entries are passed over") {
  const auto imported = import_har(R"({"a":[1,{"log":{}},"]}\""],"log":{"pages":[{"entries":[{}]}],"entries":[)" +
                                   entry("") + R"(],"comment":"x"},"b":null} )");
  CHECK(imported.error.empty());
  CHECK(imported.exchanges.size() == 1);
}

TEST_CASE("a document without entries is valid, one that is no HAR is not") {
  CHECK(import_har(har_of("")).error.empty());
  for (const std::string text : {R"({"log":[2,1,3]"request:"})", "{}", R"({"log":{}})", "[]", "", "  ", "hello",
                                 R"({"log":{"entries":{}}})", R"({"log" {"entries":[]}})", R"({log:{"entries":[]}})"}) {
    CAPTURE(text);
    const auto imported = import_har(text);
    CHECK(imported.error.find("HAR") != std::string::npos);
    CHECK(imported.exchanges.empty());
  }
}

TEST_CASE("of a document that is cut off anywhere what came before is kept") {
  const std::string document = har_of(entry("") + "," + entry("") + "," + entry(""));
  const std::size_t second = document.find("},{");
  std::size_t before = 0;
  for (std::size_t cut = 0; cut < document.size(); ++cut) {
    CAPTURE(cut);
    const auto imported = import_har(document.substr(0, cut));
    CHECK_FALSE(imported.error.empty());
    CHECK(imported.exchanges.size() >= before);
    before = imported.exchanges.size();
    if (cut == second + 10) {
      CHECK(imported.exchanges.size() == 1);
      CHECK(imported.skipped == format::Skipped{{"cut_off", 1}});
    }
  }
  CHECK(before == 3);
}

TEST_CASE("what follows the document is an error, what came before is kept") {
  const auto imported = import_har(har_of(entry("")) + "x");
  CHECK(imported.error.find("follows") != std::string::npos);
  CHECK(imported.exchanges.size() == 1);
}

TEST_CASE("damaged entries are skipped and counted, by reason") {
  const std::string bad_url = R"({"request":{"method":"GET","url":"http:///x"}})";
  const std::string not_http = R"({"request":{"method":"GET","url":"data:text/plain,hi"}})";
  const std::string bad_method = R"({"request":{"method":"G T","url":"http://a/x"}})";
  const std::string control = R"({"request":{"method":"GET","url":"http://a/x\ny"}})";
  const auto imported = import_har(har_of(R"({"request":{"method":tru}},7,"x",{},[],)" + bad_url + "," + not_http +
                                          "," + bad_method + "," + control + "," + entry("")));
  CHECK(imported.error.empty());
  CHECK(imported.exchanges.size() == 1);
  CHECK(imported.skipped == format::Skipped{{"damaged_entry", 5}, {"bad_url", 2}, {"not_http", 1}, {"bad_method", 1}});
}

TEST_CASE("an entry beyond the limit is passed over and counted") {
  const std::string large = with_content("", R"("text":")" + std::string(2000, 'x') + "\"");
  const auto imported = import_har(har_of(large + "," + entry("") + "," + large), 100, 1000);
  CHECK(imported.error.empty());
  CHECK(imported.exchanges.size() == 1);
  CHECK(imported.skipped == format::Skipped{{"entry_too_large", 2}});
}

TEST_CASE("a head beyond what a tape holds is skipped and counted") {
  const auto imported = import_har(har_of(entry(R"("headers":[)" + header("X", std::string(300'000, 'x')) + "],")));
  CHECK(imported.exchanges.empty());
  CHECK(imported.skipped == format::Skipped{{"head_limit", 1}});
}

TEST_CASE("entries without a date follow each other by a millisecond") {
  const std::string undated = R"({"request":{"method":"GET","url":"http://a/x"}})";
  const auto imported = import_har(har_of(undated + "," + entry("") + "," + undated + "," + undated));
  REQUIRE(imported.exchanges.size() == 4);
  CHECK(to_ns(imported.exchanges[0].request.first) == 0);
  CHECK(to_ns(imported.exchanges[2].request.first) == kNoon + kMs);
  CHECK(to_ns(imported.exchanges[3].request.first) == kNoon + 2 * kMs);
}

TEST_CASE("ssl counts where connect does not hold it; -1 and nonsense are nothing") {
  const auto first = [](const std::string& timings) {
    return to_ns(import_entry(entry("", R"("status":200)", R"("timings":{)" + timings + "},")).request.first) - kNoon;
  };
  CHECK(first(R"("blocked":-1,"dns":-1,"connect":10,"ssl":4)") == 10 * kMs);
  CHECK(first(R"("blocked":-1,"dns":-1,"connect":10,"ssl":14)") == 24 * kMs);
  CHECK(first(R"("blocked":null,"dns":"x","connect":-1,"ssl":-1)") == 0);
  CHECK(first(R"("blocked":1e300)") == 1'000'000'000 * kMs);
}

TEST_CASE("pseudo-headers go, joined values are fields of their own, controls are refused") {
  const auto imported = import_har(har_of(
      entry(R"("headers":[)" + header(":authority", "b.example") + "," + header("accept", "*/*") + "," +
                header("x-ctl", "a\\u0001b") + "," + header("", "x") + "," + header("a b", "x") + "],",
            R"("status":200,"headers":[)" + header("Set-Cookie", "a=1\\nb=2") + "," + header("X", "a\\r\\nb") + "]")));
  REQUIRE(imported.exchanges.size() == 1);
  CHECK(imported.exchanges[0].request.head == "GET /x HTTP/1.1\r\nHost: a.example\r\naccept: */*\r\n\r\n");
  CHECK(imported.exchanges[0].response.head ==
        "HTTP/1.1 200 \r\nSet-Cookie: a=1\r\nSet-Cookie: b=2\r\nX: a\r\nX: b\r\n\r\n");
  CHECK(imported.skipped == format::Skipped{{"field_refused", 3}});
}

TEST_CASE("targets: no fragment, no user, a path at least, spaces and other scripts encoded") {
  const auto target = [](const std::string& url) {
    const auto e = import_entry(R"({"request":{"method":"GET","url":")" + url + R"("}})");
    return e.request.head.substr(0, e.request.head.find("\r\n\r\n"));
  };
  CHECK(target("http://a") == "GET / HTTP/1.1\r\nHost: a");
  CHECK(target("http://a?q#f") == "GET /?q HTTP/1.1\r\nHost: a");
  CHECK(target("https://u:p@[::1]:8443/a b/\u00e9#f") == "GET /a%20b/%C3%A9 HTTP/1.1\r\nHost: [::1]:8443");
  CHECK(target("wss://a/s?x=http://b@c") == "GET /s?x=http://b@c HTTP/1.1\r\nHost: a");
  CHECK(target("/only/a/path") == "GET /only/a/path HTTP/1.1");
}

TEST_CASE("a decoded text loses its codings, and its length is set") {
  const auto e =
      import_entry(with_content(header("content-encoding", "br") + "," + header("transfer-encoding", "chunked") + "," +
                                    header("content-length", "9"),
                                R"("size":5,"text":"hello")", "9"));
  CHECK(e.response.head == "HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\n");
  CHECK(e.response.body.bytes == "hello");
}

TEST_CASE("bytes as long as on the wire that begin like their coding keep it") {
  const std::string gzip = header("Content-Encoding", "gzip");
  const auto coded = import_entry(with_content(gzip, R"("size":6,"text":"H4sIAAAA","encoding":"base64")", "6"));
  CHECK(coded.response.head == "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 6\r\n\r\n");
  const auto other_size = import_entry(with_content(gzip, R"("size":6,"text":"H4sIAAAA","encoding":"base64")", "7"));
  CHECK_FALSE(http::find_field(other_size.response.head, "content-encoding"));
  const auto plain = import_entry(with_content(gzip, R"("size":5,"text":"hello")", "5"));
  CHECK_FALSE(http::find_field(plain.response.head, "content-encoding"));
}

TEST_CASE("base64 is decoded; what is none leaves the body out, and is counted") {
  const auto e = import_entry(with_content("", R"("text":"AP8\n=","encoding":"base64")"));
  CHECK(e.response.body.bytes == std::string("\0\xFF", 2));
  const auto imported = import_har(har_of(with_content("", R"("text":"A*","encoding":"base64")") + "," +
                                          with_content("", R"("text":"A","encoding":"rot13")")));
  REQUIRE(imported.exchanges.size() == 2);
  CHECK(imported.exchanges[0].response.body.state == BodyState::omitted);
  CHECK(imported.exchanges[0].response.body.omitted_because == http::OmittedBecause::damaged);
  CHECK(imported.exchanges[0].flags.has(Flag::response_omitted));
  CHECK(imported.skipped == format::Skipped{{"body_undecodable", 2}});
}

TEST_CASE("a body that the file does not hold is omitted, one that was empty is not") {
  const auto state = [](const std::string& entry_text) { return import_entry(entry_text).response.body.state; };
  CHECK(state(with_content("", R"("size":7)")) == BodyState::omitted);
  CHECK(state(with_content("", R"("size":7,"text":"")")) == BodyState::omitted);
  CHECK(state(with_content("", R"("comment":"Response bodies are not included.")")) == BodyState::omitted);
  CHECK(state(with_content("", R"("size":0)")) == BodyState::none);
  CHECK(state(with_content("", R"("size":0,"text":"")")) == BodyState::none);
  CHECK(state(with_content("", R"("comment":"")", "0")) == BodyState::none);
  CHECK(import_entry(with_content("", R"("size":7)", "9")).response.body.wire_length == 9u);
  CHECK(import_entry(with_content("", R"("size":7)")).response.body.wire_length == 7u);
  CHECK_FALSE(import_entry(with_content(header("content-encoding", "br"), R"("size":7)")).response.body.wire_length);
}

TEST_CASE("answers that carry no body have none, whatever a cache had") {
  const auto imported = import_har(har_of(entry("", R"("status":304,"headers":[)" + header("Content-Length", "9") +
                                                        R"(],"bodySize":9,"content":{"size":5,"text":"hello"})")));
  REQUIRE(imported.exchanges.size() == 1);
  CHECK(imported.exchanges[0].response.body.state == BodyState::none);
  CHECK(imported.exchanges[0].response.head == "HTTP/1.1 304 \r\nContent-Length: 9\r\n\r\n");
  CHECK(imported.skipped == format::Skipped{{"body_not_sent", 1}});
  const auto head =
      import_entry(R"({"request":{"method":"HEAD","url":"http://a/"},"response":{"status":200,"headers":[)" +
                   header("Content-Length", "9") + R"(],"content":{"size":0}}})");
  CHECK(head.response.head == "HTTP/1.1 200 \r\nContent-Length: 9\r\n\r\n");
}

TEST_CASE("status 0, an _error or no response at all: nothing came back") {
  for (const std::string response :
       {R"("status":0)", R"("status":200,"_error":"net::ERR_ABORTED")", R"("status":-1)"}) {
    CAPTURE(response);
    const auto e = import_entry(entry("", response));
    CHECK_FALSE(e.has_response());
    CHECK(e.flags.has(Flag::response_missing));
    CHECK(e.reason == http::Reason::aborted);
    CHECK(e.response.last == e.request.last);
  }
  CHECK(import_entry(entry("", R"("status":204,"_error":null)")).status == 204);
  CHECK(import_entry(R"({"request":{"method":"GET","url":"http://a/"}})").reason == http::Reason::one_sided);
}

TEST_CASE("form parameters are encoded, unless they are already; multipart ones are not made up") {
  const auto with_params = [](const std::string& type, const std::string& params) {
    return import_entry(entry(R"("postData":{"mimeType":")" + type + R"(","params":[)" + params + "]},"));
  };
  const auto form = with_params("application/x-www-form-urlencoded",
                                header("a b", "1&2") + "," + header("f%5B1%5D", "x+y%20${v}") + "," + header("e", ""));
  CHECK(form.request.body.bytes == "a+b=1%262&f%5B1%5D=x+y%20%24%7Bv%7D&e=");
  CHECK(http::find_field(form.request.head, "content-type") == "application/x-www-form-urlencoded");
  const auto parts = with_params("multipart/form-data; boundary=x", header("a", "1"));
  CHECK(parts.request.body.state == BodyState::omitted);
  CHECK(parts.request.body.omitted_because == http::OmittedBecause::not_in_import);
  CHECK(parts.flags.has(Flag::request_omitted));
}

TEST_CASE("a request body that the file does not hold is omitted") {
  CHECK(import_entry(entry(R"("bodySize":12,)")).request.body.wire_length == 12u);
  CHECK(import_entry(entry(R"("headers":[)" + header("Content-Length", "12") + "],")).request.body.state ==
        BodyState::omitted);
  CHECK(import_entry(entry(R"("bodySize":0,"headers":[)" + header("Content-Length", "0") + "],")).request.body.state ==
        BodyState::none);
}

TEST_CASE("versions: heads are rebuilt as HTTP/1; what the connection spoke stays in its protocol") {
  const auto import_version = [](const std::string& version, const std::string& url) {
    return import_entry(R"({"request":{"method":"GET","url":")" + url + R"(","httpVersion":")" + version +
                        R"("},"response":{"status":200,"httpVersion":")" + version + R"("}})");
  };
  CHECK(import_version("HTTP/1.0", "http://a/").version == http::Version::http_1_0);
  CHECK(import_version("HTTP/1.0", "http://a/").response.head.starts_with("HTTP/1.0 200"));
  CHECK(import_version("h3", "https://a/").connection->alpn == "h3");
  CHECK(import_version("http/2.0", "https://a/").connection->alpn == "h2");
  CHECK(import_version("", "https://a/").connection->alpn == "http/1.1");
  CHECK(import_version("h3", "https://a/").version == http::Version::http_1_1);
  CHECK(import_version("HTTP/1.1", "http://a/").connection->alpn.empty());
}

TEST_CASE("half a surrogate pair in a text becomes U+FFFD; pairs and escaped backslashes stay") {
  const auto text = [](const std::string& json) {
    return import_entry(with_content("", R"("text":")" + json + "\"")).response.body.bytes;
  };
  CHECK(text(R"(a\ud83d b)") == "a\xEF\xBF\xBD b");
  CHECK(text(R"(\ude00\ud83d\ude00\ud83d)") == "\xEF\xBF\xBD\xF0\x9F\x98\x80\xEF\xBF\xBD");
  CHECK(text(R"(\\ud83d \ud83d)") == "\\ud83d \xEF\xBF\xBD");
}

namespace {

std::string at(int start_ms, const std::string& connection, const std::string& host = "a",
               const std::string& version = "HTTP/1.1") {
  return R"({"startedDateTime":"2024-05-01T12:00:00.)" + std::to_string(start_ms) + R"(Z","connection":")" +
         connection + R"(","timings":{"wait":20},"request":{"method":"GET","url":"https://)" + host +
         R"(/","httpVersion":")" + version + R"("},"response":{"status":200}})";
}

/// Connection number and sequence of each entry.
std::vector<std::pair<std::uint64_t, std::uint32_t>> places(const std::string& entries) {
  std::vector<std::pair<std::uint64_t, std::uint32_t>> found;
  for (const auto& e : import_har(har_of(entries)).exchanges) found.emplace_back(e.connection->number, e.sequence);
  return found;
}

using Places = std::vector<std::pair<std::uint64_t, std::uint32_t>>;

}  // namespace

TEST_CASE("connection names a connection of its host; without it each entry has its own") {
  CHECK(places(at(100, "443") + "," + at(130, "443", "b") + "," + at(140, "443")) == Places{{1, 0}, {2, 0}, {1, 1}});
  CHECK(places(at(100, "") + "," + at(130, "")) == Places{{1, 0}, {2, 0}});
}

TEST_CASE("HTTP/1 entries that overlap on a connection get their own, HTTP/2 ones share it") {
  CHECK(places(at(100, "443") + "," + at(110, "443") + "," + at(125, "443")) == Places{{1, 0}, {2, 0}, {1, 1}});
  CHECK(places(at(100, "9", "a", "h2") + "," + at(110, "9", "a", "h2")) == Places{{1, 0}, {1, 1}});
}
