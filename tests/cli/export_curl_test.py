"""`export --to curl`: the script sends what was recorded, to the byte, whatever the bytes are."""

import os
import signal
import socket
import stat
import subprocess
import unittest

import support

EVERY_BYTE = bytes(range(256)) + b"\n'\"$(touch pwned)`touch pwned`\r\n"
LARGE = bytes(n % 251 for n in range(2_000_000))
HOST = b"Host: shop.example\r\n"
REQUESTS = [
    b"GET /it's?q=\"$(touch${IFS}pwned)\";`touch${IFS}pwned`&a={1,2}[0-9]|x\\ HTTP/1.1\r\n" + HOST +
    b"X-Quote: it's \"two\" $(touch pwned) `touch pwned` \\ ; & | > pwned\r\nX-Empty:\r\nX-At: @/etc/passwd\r\nX-Many: 1\r\nX-Many: 2\r\n\r\n",
    b"GET /a/../b/./c?-d HTTP/1.1\r\n" + HOST + b"User-Agent: me/1.0\r\nAccept: text/html\r\nCookie: a=1; b='2'\r\n\r\n",
    b"HEAD /head HTTP/1.1\r\n" + HOST + b"\r\n",
    b"OPTIONS /o HTTP/1.1\r\n" + HOST + b"\r\n",
    b"DELETE /d HTTP/1.1\r\n" + HOST + b"\r\n",
    b"POST /none HTTP/1.1\r\n" + HOST + b"Content-Length: 0\r\n\r\n",
    b"POST /file HTTP/1.1\r\n" + HOST + b"Content-Type: text/plain\r\nContent-Length: 11\r\n\r\n@/etc/hosts",
    b"PUT /bytes HTTP/1.1\r\n" + HOST + b"Content-Length: %d\r\n\r\n" % len(EVERY_BYTE) + EVERY_BYTE,
    b"POST /large HTTP/1.1\r\n" + HOST + b"Content-Type: application/octet-stream\r\nContent-Length: %d\r\n\r\n" % len(LARGE) + LARGE,
    b"POST /chunks HTTP/1.1\r\n" + HOST + b"Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n4\r\ndefg\r\n0\r\n\r\n",
]


def send(port, request):
    with socket.create_connection(("127.0.0.1", port), timeout=60) as s:
        s.sendall(request)
        if not s.recv(65536).startswith(b"HTTP/1.1 200"):
            raise AssertionError(request[:100])


@unittest.skipUnless(support.have("curl"), "curl is needed")
class Curl(support.TempDirTestCase):
    def record(self, upstream):
        tape = self.path("a.tape")
        with support.Recording(upstream.port, tape) as recording:
            for request in REQUESTS:
                send(recording.port, request)
            status, _, err = recording.finish(signal.SIGTERM)
        self.assertEqual(status, 0, err)
        return tape

    def shells(self):
        return [shell for shell in ("sh", "bash", "dash") if support.have(shell)]

    def test_what_arrives_is_what_was_recorded(self):
        with support.Origin() as straight:
            for request in REQUESTS:
                send(straight.port, request)
            wanted = list(straight.requests)
            tape = self.record(straight)
        script = self.path("it's $HOME.sh")
        done = support.tapedeck("export", tape, "--to", "curl", "--out", script, "--json")
        self.assertEqual((done.returncode, done.stdout), (0, '{"written":10,"skipped":{},"partial":false}\n'), done.stderr)
        self.assertEqual(stat.S_IMODE(os.stat(script).st_mode), 0o600)
        for shell in self.shells():
            with self.subTest(shell=shell), support.Origin() as target:
                ran = subprocess.run([shell, script, f"http://127.0.0.1:{target.port}/"], cwd=self.dir,
                                     capture_output=True, timeout=120)
                self.assertEqual(ran.returncode, 0, ran.stderr)
                self.assertEqual(ran.stdout.count(b"200 http://127.0.0.1:"), len(REQUESTS), ran.stdout)
                for got, want in zip(target.requests, wanted):
                    self.assertEqual(got, want)
                self.assertEqual(len(target.requests), len(wanted))
        self.assertFalse(os.path.exists(self.path("pwned")))

    def test_without_a_url_the_recorded_host_is_asked_and_a_failure_is_the_end_status(self):
        with support.Origin() as upstream:
            port = upstream.port
            tape = self.path("b.tape")
            with support.Recording(port, tape) as recording:
                send(recording.port, b"GET /x HTTP/1.1\r\nHost: 127.0.0.1:%d\r\n\r\n" % port)
                recording.finish(signal.SIGTERM)
            script = self.path("b.sh")
            self.assertEqual(support.tapedeck("export", tape, "--to", "curl", "--out", script).returncode, 0)
            before = len(upstream.requests)
            self.assertEqual(subprocess.run(["sh", script], capture_output=True, timeout=60).returncode, 0)
            self.assertEqual([r[1] for r in upstream.requests[before:]], [b"/x"])
        self.assertEqual(subprocess.run(["sh", script], capture_output=True, timeout=60).returncode, 1)

    def test_bodies_go_beside_the_script_and_are_not_overwritten(self):
        with support.Origin() as upstream:
            tape = self.record(upstream)
        script = self.path("c.sh")
        bodies = script + ".bodies"
        self.assertEqual(support.tapedeck("export", tape, "--to", "curl", "--out", script).returncode, 0)
        with open(os.path.join(bodies, "000002"), "rb") as f:
            self.assertEqual(f.read(), EVERY_BYTE)
        os.unlink(script)
        self.assert_one_line_error(support.tapedeck("export", tape, "--to", "curl", "--out", script), bodies, "--force")
        self.assertEqual(support.tapedeck("export", tape, "--to", "curl", "--out", script, "--force").returncode, 0)
        self.assert_one_line_error(support.tapedeck("export", tape, "--to", "curl"), "curl", "--out")


if __name__ == "__main__":
    support.main()
