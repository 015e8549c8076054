"""What the end-to-end tests share: the binary, real servers on loopback, and waiting for things to be so."""

import http.server
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
import unittest

TAPEDECK = os.environ.get("TAPEDECK", "build/release/tapedeck")
DEADLINE_S = 60  # generous: a hang is a failure, slowness is not


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def wait_until(condition, what):
    end = time.monotonic() + DEADLINE_S
    while time.monotonic() < end:
        if condition():
            return
        time.sleep(0.02)
    raise AssertionError(f"not within {DEADLINE_S} s: {what}")


def accepts(port):
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
        return True
    except OSError:
        return False


def tapedeck(*arguments, **kwargs):
    """Runs the binary to its end; stdout and stderr are text."""
    return subprocess.run([TAPEDECK, *map(str, arguments)], capture_output=True, text=True, timeout=300, **kwargs)


def tapedeck_json(*arguments):
    done = tapedeck(*arguments, "--json")
    return done.returncode, json.loads(done.stdout)


def listed(tape, *arguments):
    """Exit status and the exchanges of `list --json`."""
    done = tapedeck("list", tape, *arguments, "--json")
    return done.returncode, [json.loads(line) for line in done.stdout.splitlines()]


def have(*programs):
    return all(shutil.which(p) for p in programs)


def zstd_test(tape):
    """A sealed tape is a legal zstd stream: what `zstd -t` objects to, or nothing (also if there is no zstd here)."""
    if not have("zstd"):
        return ""
    done = subprocess.run(["zstd", "-t", "-q", tape], capture_output=True, text=True, timeout=300)
    return "" if done.returncode == 0 else done.stderr or "zstd -t fails"


class Process:
    """A child that is ended by its id when the block is left."""

    def __init__(self, command, **kwargs):
        self.process = subprocess.Popen(command, **kwargs)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        for stream in (self.process.stdout, self.process.stderr):
            if stream:
                stream.close()

    def finish(self, signal=None):
        """Sends `signal`, waits, returns (status, stdout, stderr)."""
        if signal is not None:
            self.process.send_signal(signal)
        out, err = self.process.communicate(timeout=DEADLINE_S)
        return self.process.returncode, out, err


class Recording(Process):
    """`tapedeck record --listen` in front of `upstream_port`, listening when the block is entered."""

    def __init__(self, upstream_port, out, *flags):
        self.port = free_port()
        super().__init__(
            [TAPEDECK, "record", "--listen", str(self.port), "--upstream", f"http://127.0.0.1:{upstream_port}",
             "--out", str(out), "--json", *map(str, flags)],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    def __enter__(self):
        wait_until(lambda: accepts(self.port) or self.process.poll() is not None, "the proxy listens")
        return self


class Origin:
    """A small HTTP/1.1 server on loopback. It answers each request with 200 and `answer(target)`, a kept-alive connection after the
    other in threads, and keeps what came in `requests`: (method, target, sorted fields but those of the connection, body)."""

    OF_THE_CONNECTION = {"connection", "content-length", "transfer-encoding"}

    def __init__(self, answer=lambda target: b"hello", port=0):
        self.answer, self.requests = answer, []
        handler = type("Handler", (OriginHandler,), {"origin": self})
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", port), handler)
        self.server.daemon_threads = True
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()


class OriginHandler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def body(self):
        if self.headers.get("Transfer-Encoding") != "chunked":
            return self.rfile.read(int(self.headers.get("Content-Length", 0)))
        body = b""
        while size := int(self.rfile.readline().strip(), 16):
            body += self.rfile.read(size)
            self.rfile.readline()
        self.rfile.readline()
        return body

    def serve(self):
        fields = [(name, value) for name, value in self.headers.items() if name.lower() not in Origin.OF_THE_CONNECTION]
        target = self.raw_requestline.split(b" ")[1]
        self.origin.requests.append((self.command, target, sorted(fields), self.body()))
        answer = self.origin.answer(target)
        self.send_response(200)
        self.send_header("Content-Type", "text/plain")
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(answer)

    do_GET = do_HEAD = do_OPTIONS = do_DELETE = do_POST = do_PUT = serve

    def log_message(self, *_):
        pass


class Nginx(Process):
    """A real nginx on loopback that serves `root` and logs a line a request to `access_log`.

    It holds as many connections as a test makes requests: a replay in open order opens one for each request that nginx has not answered
    yet, and on a slow machine that may be any number of them."""

    CONFIG = """
daemon off; {user} worker_processes 1; pid {dir}/nginx.pid; error_log {dir}/error.log warn;
events {{ worker_connections 16384; }} worker_rlimit_nofile 16384;
http {{
  access_log {dir}/access.log; client_body_temp_path {dir}/body; client_max_body_size 0;
  proxy_temp_path {dir}/proxy; fastcgi_temp_path {dir}/fcgi; uwsgi_temp_path {dir}/uwsgi; scgi_temp_path {dir}/scgi;
  types {{ text/html html; text/css css; application/javascript js; application/json json; image/png png; }}
  default_type application/octet-stream; keepalive_requests 1000000;
  gzip on; gzip_min_length 256; gzip_types application/json text/css application/javascript;
  server {{
    listen 127.0.0.1:{port} backlog=4096;
    location / {{ root {root}; }}
    location /upload {{ client_body_in_file_only off; client_body_buffer_size 32m; proxy_pass http://127.0.0.1:{port}/accepted; }}
    location = /accepted {{ access_log off; return 201 "stored\\n"; }}
  }}
}}
"""

    def __init__(self, root):
        self.port = free_port()
        self.dir = tempfile.mkdtemp(prefix="tapedeck-nginx-")
        self.access_log = os.path.join(self.dir, "access.log")
        config = os.path.join(self.dir, "nginx.conf")
        user = "user root;" if os.geteuid() == 0 else ""
        with open(config, "w") as f:
            f.write(self.CONFIG.format(dir=self.dir, port=self.port, root=root, user=user))
        super().__init__(["nginx", "-c", config, "-e", os.path.join(self.dir, "error.log")])

    def __enter__(self):
        wait_until(lambda: accepts(self.port), "nginx listens")
        return self

    def __exit__(self, *exc):
        if self.process.poll() is None:
            self.process.terminate()  # the master ends its workers
            self.process.wait()
        super().__exit__(*exc)
        shutil.rmtree(self.dir, ignore_errors=True)

    def requests(self):
        with open(self.access_log) as f:
            return f.read().splitlines()


class TempDirTestCase(unittest.TestCase):
    """Its own directory. At the test's end every tape in it must be a legal zstd stream, but those that are said to be broken."""

    def setUp(self):
        self.dir = tempfile.mkdtemp(prefix="tapedeck-test-")
        self.addCleanup(shutil.rmtree, self.dir, ignore_errors=True)
        self.broken_tapes = set()
        self.addCleanup(self.check_with_zstd)

    def check_with_zstd(self):
        for directory, _, names in os.walk(self.dir):
            for tape in (os.path.join(directory, name) for name in names if name.endswith(".tape")):
                if tape not in self.broken_tapes:
                    self.assertEqual(zstd_test(tape), "", tape)

    def broken(self, tape):
        """A tape that is torn, damaged, none at all, or not sealed by the time the test ends."""
        self.broken_tapes.add(tape)
        return tape

    def path(self, name):
        return os.path.join(self.dir, name)

    def write(self, name, data):
        with open(self.path(name), "wb") as f:
            f.write(data)
        return self.path(name)

    def assert_one_line_error(self, done, *words):
        """Exit 2 and one line on stderr that holds all `words`."""
        self.assertEqual(done.returncode, 2, done.stderr)
        lines = done.stderr.strip().splitlines()
        self.assertEqual(len(lines), 1, done.stderr)
        for word in words:
            self.assertIn(word, lines[0])


def main():
    unittest.main(verbosity=2, argv=[sys.argv[0], *sys.argv[1:]])
