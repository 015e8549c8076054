"""A tape through a pipe can be read only once, whatever a command has to know of it before."""

import http.server
import subprocess
import threading

import support

START_NS = 1_714_994_400_000_000_000
SEPARATOR = b"\n\xf0\x9f\x90\xb5\xf0\x9f\x99\x88\xf0\x9f\x99\x89\n"


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        self.send_response(204)
        self.end_headers()

    def log_message(self, *_):
        pass


class Pipe(support.TempDirTestCase):
    def setUp(self):
        super().setUp()
        requests = b"".join(
            b"1 %024x %d\nGET /%d HTTP/1.1\r\nHost: shop.example\r\n\r\n" % (n, START_NS + n * 10**9, n) + SEPARATOR
            for n in range(10))
        self.tape = self.path("a.tape")
        self.assertEqual(support.tapedeck("import", self.write("a.gor", requests), "--out", self.tape).returncode, 0)

    def from_pipe(self, *arguments):
        """The command's result as JSON, with the tape on its standard input."""
        with subprocess.Popen(["cat", self.tape], stdout=subprocess.PIPE) as cat:
            return support.tapedeck(*arguments, stdin=cat.stdout)

    def test_list_from_a_time(self):
        listed = self.from_pipe("list", "-", "--from", "+7s", "--json")
        self.assertEqual((listed.returncode, len(listed.stdout.splitlines())), (0, 3), listed.stderr)

    def test_replay_from_a_time(self):
        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            done = self.from_pipe("replay", "-", "--target", f"http://127.0.0.1:{server.server_address[1]}", "--asap",
                                  "--from", "+7s", "--json")
        finally:
            server.shutdown()
            server.server_close()
        self.assertIn(done.returncode, (0, 3), done.stderr)  # 3: too few to judge
        self.assertIn('"planned":3', done.stdout.replace(" ", ""))


if __name__ == "__main__":
    support.main()
