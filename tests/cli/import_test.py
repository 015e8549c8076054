"""import: other programs' recordings become tapes; what cannot be read is told by the exit status and one line."""

import gzip
import json
import os
import pathlib
import subprocess

import support

SEPARATOR = "\n🐵🙈🙉\n".encode()


def record(kind, exchange, ns, payload):
    return f"{kind} {exchange} {ns} 0\n".encode() + payload + SEPARATOR


def request(exchange, ns):
    return record(1, exchange, ns, f"GET /{exchange} HTTP/1.1\r\nHost: h\r\n\r\n".encode())


def response(exchange, ns):
    return record(2, exchange, ns, b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")


WARC = (b"WARC/1.0\r\nWARC-Type: response\r\nWARC-Date: 1970-01-01T00:00:00.000000003Z\r\nWARC-Target-URI: http://h/warc\r\n"
        b"Content-Type: application/http\r\nContent-Length: 40\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok\r\n\r\n")


class Import(support.TempDirTestCase):
    def targets(self, tape):
        status, exchanges = support.listed(tape)
        self.assertEqual(status, 0)
        return [e["target"] for e in exchanges]

    def test_several_files_of_any_kind_are_merged_by_time(self):
        first = self.write("no-name-tells", request("b", 2) + request("a", 1))
        second = self.write("chunk", gzip.compress(response("a", 9) + response("b", 8)))
        third = self.write("crawl", WARC)
        tape = self.path("out.tape")
        status, result = support.tapedeck_json("import", first, second, third, "--out", tape)
        self.assertEqual((status, result), (0, {"written": 3, "skipped": {}, "unread_bytes": 0, "partial": False}))
        self.assertEqual(self.targets(tape), ["/a", "/b", "/warc"])
        self.assertEqual(support.tapedeck("verify", tape).returncode, 0)

    def test_standard_input_and_any_number_of_workers_make_the_same_tape(self):
        data = b"".join(request(f"x{n}", n) + response(f"x{n}", n + 5) for n in range(2000))
        path = self.write("x.gor", data)
        tapes = [self.path(name) for name in ("file.tape", "piped.tape", "workers.tape")]
        self.assertEqual(support.tapedeck("import", path, "--out", tapes[0]).returncode, 0)
        piped = subprocess.run([support.TAPEDECK, "import", "-", "--out", tapes[1]], input=data, capture_output=True, timeout=60)
        self.assertEqual(piped.returncode, 0, piped.stderr)
        self.assertEqual(support.tapedeck("import", path, "--workers", 4, "--out", tapes[2]).returncode, 0)
        contents = [pathlib.Path(tape).read_bytes() for tape in tapes]
        self.assertEqual(contents[0], contents[1])
        self.assertEqual(contents[0], contents[2])

    def test_a_part_that_cannot_be_read_is_a_loss(self):
        cut = self.write("cut.gor.gz", gzip.compress(request("a", 1) + os.urandom(5000) + request("b", 2))[:-2000])
        done = support.tapedeck("import", cut, "--out", self.path("cut.tape"))
        self.assertEqual(done.returncode, 4)
        self.assertIn("cut off", done.stderr)
        self.assertEqual(self.targets(self.path("cut.tape"))[0], "/a")
        garbage = self.write("garbage", b"no recording")
        good = self.write("good", request("a", 1))
        done = support.tapedeck("import", garbage, good, "--out", self.path("good.tape"))
        self.assertEqual(done.returncode, 4)
        self.assertEqual(len(done.stderr.splitlines()), 1, done.stderr)
        self.assertIn(garbage, done.stderr)
        self.assertEqual(self.targets(self.path("good.tape")), ["/a"])

    def test_a_broken_gzip_member_costs_itself_alone(self):
        members = [gzip.compress(b"".join(request(f"{name}{n}", n) for n in range(10))) for name in "abc"]
        middle = len(members[1]) // 2
        members[1] = members[1][:middle] + bytes(255 - byte for byte in members[1][middle:middle + 5]) + members[1][middle + 5:]
        path = self.write("broken.gor.gz", b"".join(members))
        done = support.tapedeck("import", path, "--out", self.path("out.tape"), "--json")
        self.assertEqual(done.returncode, 4, done.stderr)
        self.assertEqual(len(done.stderr.splitlines()), 1, done.stderr)
        self.assertIn("broken", done.stderr)
        self.assertIn(path, done.stderr)
        self.assertLessEqual(json.loads(done.stdout)["unread_bytes"], len(members[1]))
        targets = self.targets(self.path("out.tape"))
        for name in "ac":
            self.assertEqual([t for t in targets if t.startswith("/" + name)], [f"/{name}{n}" for n in range(10)])

    def test_where_nothing_can_be_read_there_is_no_tape(self):
        tape = self.path("out.tape")
        for name, data in (("empty", b""), ("garbage", b"no recording"), ("cut", b"1 a 5 0\n"), ("broken.gz", b"\x1f\x8bgarbage")):
            with self.subTest(name):
                path = self.write(name, data)
                self.assert_one_line_error(support.tapedeck("import", path, "--out", tape), path, "")
                self.assertFalse(os.path.exists(tape))

    def test_valid_but_empty_is_an_empty_tape(self):
        path = self.write("info.warc", b"WARC/1.0\r\nWARC-Type: warcinfo\r\nContent-Length: 0\r\n\r\n\r\n\r\n")
        status, result = support.tapedeck_json("import", path, "--out", self.path("out.tape"))
        self.assertEqual((status, result["written"], result["skipped"]), (0, 0, {"warcinfo": 1}))
        self.assertEqual(self.targets(self.path("out.tape")), [])

    def test_an_existing_tape_is_refused_without_force(self):
        path = self.write("x.gor", request("a", 1))
        tape = self.write("old.tape", b"something")
        self.assert_one_line_error(support.tapedeck("import", path, "--out", tape), tape, "--force")
        self.assertEqual(pathlib.Path(tape).read_bytes(), b"something")
        broken = self.write("garbage", b"no recording")
        self.assertEqual(support.tapedeck("import", broken, "--out", tape, "--force").returncode, 2)
        self.assertEqual(pathlib.Path(tape).read_bytes(), b"something", "a failed import leaves the old one")
        self.assertEqual(support.tapedeck("import", path, "--out", tape, "--force").returncode, 0)
        self.assertEqual(self.targets(tape), ["/a"])

    def test_help_has_examples(self):
        help_text = support.tapedeck("import", "--help").stdout
        self.assertGreaterEqual(help_text.count("tapedeck import "), 2)


if __name__ == "__main__":
    support.main()
