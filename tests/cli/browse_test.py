"""Real clients, a real nginx, the recording proxy between them: byte-equal answers, every one on the tape, and the tape
replayed against the same nginx and against one with a file changed."""

import gzip
import hashlib
import json
import os
import random
import re
import signal
import subprocess
import unittest

import support

CURL = ["curl", "-sS", "--max-time", "60"]
PAGE = b"""<!doctype html><title>shop</title><link rel=stylesheet href=/site.css><script src=/site.js></script>
<img src=/logo.png><p id=out></p>"""
SCRIPT = b"fetch('/api/items.json').then(r => r.json()).then(j => { document.getElementById('out').textContent = j.items.length + ' items'; });"


def item(n):
    return {"id": n, "name": f"item {n}", "price": n / 4}


@unittest.skipUnless(support.have("nginx", "wrk", "curl"), "nginx, wrk and curl are needed")
class Browse(support.TempDirTestCase):
    def setUp(self):
        super().setUp()
        self.root = self.path("root")
        os.makedirs(os.path.join(self.root, "api"))
        noise = random.Random(1)
        self.big = noise.randbytes(20_000_000)
        self.upload = noise.randbytes(3_000_000)
        for name, data in {
            "index.html": PAGE, "site.css": b"p { color: green }" * 40, "site.js": SCRIPT,
            "logo.png": noise.randbytes(5_000), "big.bin": self.big,
            "api/items.json": json.dumps({"items": [item(n) for n in range(100)]}).encode(),
            "api/status.json": json.dumps({"ok": True, "version": "1.0", "padding": "x" * 300}).encode(),
        }.items():
            with open(os.path.join(self.root, name), "wb") as f:
                f.write(data)
        self.write("upload.bin", self.upload)
        self.tape = self.path("browse.tape")

    def curl(self, port, *arguments):
        done = subprocess.run([*CURL, *arguments[:-1], f"http://127.0.0.1:{port}{arguments[-1]}"], capture_output=True, timeout=90)
        self.assertEqual(done.returncode, 0, done.stderr)
        return done.stdout

    def compare_through_proxy(self, nginx, proxy_port):
        """Each request straight and through the proxy: equal to the byte but for Date."""
        etag = re.search(rb'ETag: ("[^"]+")', self.curl(nginx.port, "-i", "/site.css")).group(1).decode()
        requests = [
            ["/index.html"], ["-H", "Accept-Encoding: gzip", "/api/items.json"], ["-I", "/index.html"], ["/missing"],
            ["-r", "100-199", "/big.bin"], ["-r", "0-9,20-29", "/site.css"], ["-H", f"If-None-Match: {etag}", "/site.css"],
            ["--http1.0", "/index.html"], ["-X", "OPTIONS", "/index.html"], ["/big.bin"],
            ["-X", "POST", "--data-binary", "@" + self.path("upload.bin"), "-H", "Content-Type: application/octet-stream", "/upload"],
            ["-X", "POST", "--data-binary", "@" + self.path("upload.bin"), "-H", "Transfer-Encoding: chunked", "/upload"],
        ]
        without_date = lambda raw: re.sub(rb"(?i)\r\n(Date|Connection): [^\r]*|boundary=\w+|--\d{20}", b"", raw)
        for request in requests:
            straight = without_date(self.curl(nginx.port, "-i", *request))
            self.assertEqual(without_date(self.curl(proxy_port, "-i", *request)), straight, request)
        return len(requests)

    def browse_with_chromium(self, port):
        if not support.have("chromium"):
            print("chromium is not here: that part is skipped")
            return
        done = subprocess.run(
            ["chromium", "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--virtual-time-budget=10000",
             f"--user-data-dir={self.path('chromium')}", "--dump-dom", f"http://127.0.0.1:{port}/index.html"],
            capture_output=True, timeout=120)
        self.assertIn(b"100 items", done.stdout, done.stderr[-2000:])

    def record(self, nginx):
        with support.Recording(nginx.port, self.tape) as recording:
            self.compare_through_proxy(nginx, recording.port)
            # nginx saw each of those once more, straight: start counting here
            straight = sum(1 for _ in nginx.requests())
            seen_by_proxy = len([1 for e in self.list_when_written()])
            self.browse_with_chromium(recording.port)
            wrk = subprocess.run(["wrk", "-t1", "-c10", "-d1s", f"http://127.0.0.1:{recording.port}/api/status.json"],
                                 capture_output=True, text=True, timeout=60)
            self.assertNotIn("Socket errors", wrk.stdout)
            status, out, err = recording.finish(signal.SIGINT)
        self.assertEqual(status, 0, err)
        account = json.loads(out)
        self.assertEqual(account["seen"], account["recorded"] + account["filtered"] + account["dropped"] + account["incomplete"])
        return account, straight, seen_by_proxy

    def list_when_written(self):
        """What the tape holds once it holds the last request made so far (an answered exchange is there after 2 s)."""
        found = []

        def complete():
            found[:] = support.listed(self.tape)[1]
            return bool(found) and found[-1]["method"] == "POST" and "request_chunked" in found[-1]["flags"]

        support.wait_until(complete, "the last curl request is on the tape")
        return found

    def test_answers_are_byte_equal_and_the_tape_holds_every_one(self):
        with support.Nginx(self.root) as nginx:
            account, straight, through = self.record(nginx)
            # Requests that nginx logged = the straight ones + those on the tape. wrk ends in the middle of requests: these
            # reached nginx (or not) and are on the tape as aborted.
            logged = nginx.requests()
            _, exchanges = support.listed(self.tape)
            self.assertEqual(len(exchanges), account["recorded"] + account["incomplete"])
            self.assertEqual(account["dropped"], 0)
            self.assertEqual(len(exchanges) - through, len(logged) - straight)

        big = [e for e in exchanges if e["target"] == "/big.bin" and e["status"] == 200]
        self.assertEqual([e["response_body_sha256"] for e in big], [hashlib.sha256(self.big).hexdigest()])
        uploads = [e for e in exchanges if e["target"] == "/upload"]
        self.assertEqual([e["request_body_sha256"] for e in uploads], [hashlib.sha256(self.upload).hexdigest()] * 2)
        zipped = [e for e in exchanges if e["target"] == "/api/items.json"][0]
        body = json.loads(support.tapedeck("show", self.tape, zipped["id"], "--json").stdout)["response_body"]["base64"]
        self.assertEqual(json.loads(gzip.decompress(__import__("base64").b64decode(body)))["items"][3], item(3))

    def test_the_same_nginx_answers_alike_and_a_changed_file_is_found(self):
        with support.Nginx(self.root) as nginx:
            with support.Recording(nginx.port, self.tape) as recording:
                self.compare_through_proxy(nginx, recording.port)
                wrk = subprocess.run(["wrk", "-t1", "-c10", "-d1s", f"http://127.0.0.1:{recording.port}/api/items.json"],
                                     capture_output=True, text=True, timeout=60)
                self.assertNotIn("Socket errors", wrk.stdout)
                status, _, err = recording.finish(signal.SIGINT)
            self.assertEqual(status, 0, err)
            for pace in (["--speed", "1x"], ["--speed", "10x"]):
                with self.subTest(pace=pace):
                    status, result = self.replay(nginx, *pace)
                    self.assertEqual(sum(result["failed"].values()), 0, result["failed"])
                    self.assertEqual(status, 0, result["clusters"])
                    self.assertEqual(result["comparison"]["different"], 0)
                    self.assertEqual(result["verdict"], "SAFE")

            with open(os.path.join(self.root, "api/items.json"), "w") as f:
                json.dump({"items": [item(n) | {"price": str(n)} for n in range(100)]}, f)
            status, result = self.replay(nginx, "--speed", "10x")
            self.assertEqual(status, 1)
            self.assertEqual(result["verdict"], "UNSAFE")
            counting = [c for c in result["clusters"] if c["noise"] is None]
            self.assertEqual({c["endpoint"] for c in counting}, {"GET /api/items.json"})

    def replay(self, nginx, *flags):
        status, result = support.tapedeck_json("replay", self.tape, "--target", f"http://127.0.0.1:{nginx.port}",
                                               "--allow-recorded-host", "--methods", "all", *flags)
        total = lambda counts: sum(counts.values())
        comparison = result["comparison"]
        self.assertEqual(result["planned"], result["sent"] + total(result["skipped"]))
        self.assertEqual(result["sent"], result["answered"] + total(result["failed"]))
        self.assertEqual(result["answered"], comparison["compared"] + total(comparison["not_compared"]))
        self.assertEqual(comparison["compared"], comparison["identical"] + comparison["different"])
        return status, result


if __name__ == "__main__":
    support.main()
