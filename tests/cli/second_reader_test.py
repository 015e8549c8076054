"""Two readers that share nothing but docs/tape-format.md say the same of every tape: the binary, and tests/format/tape_reader.py."""

import glob
import json
import os
import signal
import subprocess
import sys
import unittest

import support
import traffic

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
SECOND_READER = os.path.join(ROOT, "tests/format/tape_reader.py")
GOLDEN = os.path.join(ROOT, "tests/data/tape")


class SecondReader(support.TempDirTestCase):
    def first(self, tape, *flags):
        out = self.path("first.ndjson")
        done = support.tapedeck("export", tape, "--to", "ndjson", "--out", out, "--force", *flags)
        self.assertIn(done.returncode, (0, 4), done.stderr)
        with open(out, encoding="utf-8") as f:
            return done.returncode, f.read().splitlines()

    def second(self, tape, *flags):
        done = subprocess.run([sys.executable, SECOND_READER, *flags, tape], capture_output=True, text=True, timeout=300, encoding="utf-8")
        self.assertIn(done.returncode, (0, 4), done.stderr)
        return done.returncode, done.stdout.splitlines()

    def assert_readers_agree(self, tape, *flags, at_least=1):
        one, two = self.first(tape, *flags), self.second(tape, *flags)
        for n, (a, b) in enumerate(zip(one[1], two[1])):
            self.assertEqual(json.loads(a), json.loads(b), f"line {n + 1} of {tape}")
        self.assertEqual(len(one[1]), len(two[1]))
        self.assertGreaterEqual(len(one[1]), at_least)
        self.assertEqual(one[0], two[0], "whether the tape is whole")
        return len(one[1])

    def captured(self, name="captured.tape", exchanges=150, seed=3, answers=None, flags=()):
        capture = traffic.api_traffic(exchanges, seed, connections=8, answers=answers).save(self.path(name + ".pcap"))
        done = support.tapedeck("record", "--pcap", capture, "--out", self.path(name), *flags)
        self.assertEqual(done.returncode, 0, done.stderr)
        return self.path(name)

    def torn(self, tape):
        return self.broken(self.write("torn.tape", self.bytes_of(tape)[:os.path.getsize(tape) * 3 // 4]))

    def bytes_of(self, tape):
        with open(tape, "rb") as f:
            return f.read()

    def test_golden_tapes(self):
        tapes = sorted(glob.glob(os.path.join(GOLDEN, "*.tape")))
        self.assertGreaterEqual(len(tapes), 2)
        for tape in tapes:
            with self.subTest(tape=os.path.basename(tape)):
                key = tape.removesuffix(".tape") + ".key"
                self.assert_readers_agree(tape, *(["--key-file", key] if os.path.exists(key) else []))

    def test_captures_filtered_merged_recovered_and_concatenated(self):
        a = self.captured(answers=traffic.repeated_answers(kinds=10))
        b = self.captured("b.tape", exchanges=80, seed=4)
        torn = self.torn(a)
        joined = self.write("joined.tape", self.bytes_of(a) + self.bytes_of(b))
        # the same segment twice, once torn, with another between
        again = self.broken(self.write("again.tape", self.bytes_of(torn) + self.bytes_of(b) + self.bytes_of(a)))
        made = {"filtered": ["filter", a, "--filter", "method == GET"], "merged": ["merge", a, b], "recovered": ["recover", torn],
                "filtered again": ["filter", self.path("merged.tape"), "--sample", "50%"]}
        for name, command in made.items():
            done = support.tapedeck(*command, "--out", self.path(name + ".tape"))
            self.assertIn(done.returncode, (0, 4), done.stderr)
        for tape in [a, b, torn, joined, again] + [self.path(name + ".tape") for name in made]:
            with self.subTest(tape=os.path.basename(tape)):
                self.assert_readers_agree(tape)

    def test_imported(self):
        tape = self.captured()
        done = support.tapedeck("export", tape, "--to", "ndjson", "--out", self.path("a.ndjson"))
        self.assertEqual(done.returncode, 0, done.stderr)
        done = support.tapedeck("import", traffic.as_gor(self.path("a.ndjson"), self.path("a.gor")), "--out", self.path("i.tape"))
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(self.assert_readers_agree(self.path("i.tape")), 150)

    def test_encrypted(self):
        key = self.write("tape.key", bytes(range(100, 132)))
        os.chmod(key, 0o600)
        flags = ["--key-file", key]
        a = self.captured(answers=traffic.repeated_answers(kinds=10), flags=flags)
        b = self.captured("b.tape", exchanges=80, seed=4, flags=flags)
        plain = self.captured("plain.tape", exchanges=30, seed=5)
        torn = self.torn(a)
        joined = self.write("joined.tape", self.bytes_of(a) + self.bytes_of(plain) + self.bytes_of(b))
        made = {"filtered": ["filter", a, "--filter", "method == GET"], "merged": ["merge", a, b], "recovered": ["recover", torn]}
        for name, command in made.items():
            done = support.tapedeck(*command, "--out", self.path(name + ".tape"), *flags)
            self.assertIn(done.returncode, (0, 4), done.stderr)
        for tape in [a, b, torn, joined] + [self.path(name + ".tape") for name in made]:
            with self.subTest(tape=os.path.basename(tape)):
                self.assert_readers_agree(tape, *flags)
                refused = subprocess.run([sys.executable, SECOND_READER, tape], capture_output=True, text=True, timeout=300)
                self.assertNotEqual(refused.returncode, 0)
                self.assertNotIn('"request_head"', refused.stdout)
        self.damage(a, *flags, places=3)

    def test_damaged_tapes(self):
        self.damage(self.captured(answers=traffic.repeated_answers(kinds=10)), places=12)

    def damage(self, tape, *flags, places):
        whole = self.bytes_of(tape)
        for n in range(places):
            at = len(whole) * n // places
            for name, damaged in {"flipped": whole[:at] + bytes([whole[at] ^ 1 << n % 8]) + whole[at + 1:], "deleted": whole[:at] + whole[at + 300:],
                                  "zeroed": whole[:at] + bytes(2000) + whole[at + 2000:], "inserted": whole[:at] + whole[:4000] + whole[at:]}.items():
                with self.subTest(damage=name, at=at):
                    made = self.broken(self.write("damaged.tape", damaged[:max(len(damaged), 200)]))
                    self.assert_readers_agree(made, *flags, at_least=0)

    @unittest.skipUnless(support.have("nginx", "curl"), "nginx and curl are needed")
    def test_recorded_through_the_proxy_and_killed(self):
        self.write("small.json", b'{"n": 1}')
        self.write("large.bin", traffic.Api(9).random.randbytes(900_000))
        self.write("upload.bin", b"0123456789" * 60_000)
        with support.Nginx(self.dir) as nginx:
            for ending in (signal.SIGINT, signal.SIGKILL):
                tape = self.path(f"{ending.name}.tape")
                if ending == signal.SIGKILL:
                    self.broken(tape)
                with support.Recording(nginx.port, tape) as recording:
                    for arguments in (["/small.json"], ["/large.bin"], ["--data-binary", "@" + self.path("upload.bin"), "/upload"], ["/missing"],
                                      ["-H", "Accept-Encoding: gzip", "/small.json"], ["--http1.0", "/small.json"]):
                        subprocess.run(["curl", "-s", "-o", "/dev/null", *arguments[:-1], f"http://127.0.0.1:{recording.port}{arguments[-1]}"],
                                       check=True, timeout=60)
                    support.wait_until(lambda: support.tapedeck("list", tape).stdout.count("\n") == 6, "all is on the tape")
                    recording.process.send_signal(ending)
                    recording.process.wait(timeout=60)
                with self.subTest(ending=ending.name):
                    self.assertEqual(self.assert_readers_agree(tape), 6)


if __name__ == "__main__":
    support.main()
