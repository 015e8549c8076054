"""HAR through a tape and back: what a file holds of requests and responses is in the one that comes out."""

import base64
import json
import os
import unittest
import urllib.parse

import support

DATA = os.path.join(os.environ.get("TAPEDECK_DATA", os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../../shared/data")), "har")
# They tell of the coded message, and the body is the decoded one; a head in HTTP/1 says the rest once more.
OF_THE_CODING = {"content-encoding", "transfer-encoding", "content-length", "host"}


def entries_of(path):
    with open(path, encoding="utf-8-sig") as f:
        return json.load(f)["log"]["entries"]


def text_of(content):
    """Bytes of a `postData` or `content`; None if it holds none."""
    if not content or not content.get("text"):
        return None
    return base64.b64decode(content["text"]) if content.get("encoding") == "base64" else content["text"].encode()


def fields_of(message):
    fields = [(f["name"], value) for f in message.get("headers", []) for value in f["value"].split("\n")]
    return sorted((n, v.strip()) for n, v in fields if n.lower() not in OF_THE_CODING and not n.startswith(":"))


def request_of(entry):
    request = entry["request"]
    url = request["url"].split("#")[0]
    return request["method"], url + ("/" if urllib.parse.urlsplit(url).path == "" else ""), text_of(request.get("postData"))


def response_of(entry):
    response = entry.get("response", {})
    status = 0 if response.get("_error") else response.get("status", 0)
    if not status:
        return None
    no_body = status in (204, 304) or entry["request"]["method"] == "HEAD"
    return status, response.get("statusText", ""), None if no_body else text_of(response["content"]), fields_of(response)


class ThroughATape(support.TempDirTestCase):
    def through(self, har):
        tape, out = self.path("x.tape"), self.path("x.har")
        status, result = support.tapedeck_json("import", har, "--out", tape)
        self.assertEqual(status, 0, result)
        done = support.tapedeck("export", tape, "--to", "har", "--out", out, "--json")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(json.loads(done.stdout)["written"], result["written"])
        entries = entries_of(out)
        os.unlink(tape)
        os.unlink(out)
        return entries

    def check_same(self, source, result):
        """Paired by method and URL: the result is in the order of first bytes, which need not be the file's."""
        self.assertEqual(len(source), len(result))
        by_request = lambda entry: request_of(entry)[:2]
        for a, b in zip(sorted(source, key=by_request), sorted(result, key=by_request)):
            if "params" not in a["request"].get("postData", {}) or text_of(a["request"]["postData"]):
                self.assertEqual(request_of(a), request_of(b))
            added = {("Content-Type", a["request"].get("postData", {}).get("mimeType"))}
            self.assertEqual(set(fields_of(a["request"])), set(fields_of(b["request"])) - (added - set(fields_of(a["request"]))))
            self.assertEqual(response_of(a), response_of(b))

    def test_every_byte_of_real_files_comes_back(self):
        if not os.path.isdir(DATA):
            self.skipTest(f"no recordings in {DATA}")
        for name in sorted(os.listdir(DATA)):
            if "BROKEN" in name:
                continue
            with self.subTest(file=name):
                path = os.path.join(DATA, name)
                self.check_same(entries_of(path), self.through(path))

    def test_bytes_of_any_kind_come_back(self):
        every_byte = base64.b64encode(bytes(range(256))).decode()
        entry = {
            "startedDateTime": "2024-05-01T12:00:00.123456Z", "time": 3, "timings": {"send": 1, "wait": 1, "receive": 1},
            "request": {"method": "PUT", "url": "https://a.example/x?y=%20&z=é", "httpVersion": "h2",
                        "headers": [{"name": "x-text", "value": "é \" \\ ☃"}, {"name": "content-type", "value": "a/b"}],
                        "postData": {"mimeType": "a/b", "text": every_byte, "encoding": "base64"}},
            "response": {"status": 418, "statusText": "I'm a teapot", "httpVersion": "h2", "headers": [],
                         "content": {"size": 6, "mimeType": "text/plain", "text": "a\0\n☃"}}}
        har = self.write("a.har", json.dumps({"log": {"entries": [entry]}}).encode())
        result, = self.through(har)
        entry["request"]["url"] = entry["request"]["url"].replace("é", "%C3%A9")
        self.check_same([entry], [result])
        self.assertEqual(result["startedDateTime"], "2024-05-01T12:00:00.123456Z")
        self.assertEqual(result["request"]["httpVersion"], "HTTP/2")

    def test_a_file_that_is_no_har_is_refused(self):
        broken = self.write("broken.har", b'{"log":\n[\n    2,1,3\n]\n"request:"}')
        self.assert_one_line_error(support.tapedeck("import", broken, "--out", self.path("b.tape")), "broken.har", "HAR")
        self.assertFalse(os.path.exists(self.path("b.tape")))

    def test_of_a_file_that_is_cut_off_the_beginning_is_imported(self):
        entry = {"startedDateTime": "2024-05-01T12:00:00Z", "request": {"method": "GET", "url": "http://a/x"}}
        text = json.dumps({"log": {"entries": [entry] * 3}})
        cut = self.write("cut.har", text[: text.rindex("startedDateTime")].encode())
        done = support.tapedeck("import", cut, "--out", self.path("c.tape"), "--json")
        self.assertEqual(done.returncode, 4, done.stderr)
        self.assertEqual(json.loads(done.stdout)["written"], 2)
        self.assertEqual(len(support.listed(self.path("c.tape"))[1]), 2)


if __name__ == "__main__":
    support.main()
