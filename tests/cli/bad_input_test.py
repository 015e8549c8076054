"""Bad input: one line on stderr that says what, where and what to do; exit 2; nothing lost."""

import ctypes
import json
import os
import shutil
import signal
import socket
import struct
import subprocess
import time
import unittest
import urllib.request

import support


GOLDEN = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "data", "tape", "recorded-1.0.tape")


def xxh3(data):
    library = ctypes.CDLL("libxxhash.so.0")
    library.XXH3_64bits.restype = ctypes.c_uint64
    return library.XXH3_64bits(data, ctypes.c_size_t(len(data)))


def status_of(port, path="/"):
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=30) as answer:
            answer.read()
            return answer.status
    except urllib.error.HTTPError as error:
        return error.code


class BadInput(support.TempDirTestCase):
    def record_some(self, name="good.tape", count=30):
        tape = self.path(name)
        with support.Origin() as origin, support.Recording(origin.port, tape) as recording:
            for n in range(count):
                self.assertEqual(status_of(recording.port, f"/{n}"), 200)
            status, _, err = recording.finish(signal.SIGTERM)
            self.assertEqual(status, 0, err)
        return tape

    def test_not_a_tape_and_empty_file(self):
        for name, data, word in (("text.tape", b"hello, I am no tape\n" * 100, "not a tape"), ("empty.tape", b"", "empty")):
            path = self.broken(self.write(name, data))
            for command in (["info", path], ["list", path], ["show", path, "1"], ["verify", path],
                            ["recover", path, "--out", self.path("out.tape")], ["replay", path, "--target", "http://127.0.0.1:1"],
                            ["diff", path, path]):
                with self.subTest(command=command[0], file=name):
                    self.assert_one_line_error(support.tapedeck(*command), path, word)
        self.assertFalse(os.path.exists(self.path("out.tape")), "a failed recover leaves no file")

    def test_missing_file(self):
        self.assert_one_line_error(support.tapedeck("info", self.path("none.tape")), "none.tape", "No such file")

    def test_a_tape_of_a_newer_version_names_what_is_needed(self):
        with open(GOLDEN, "rb") as f:
            data = f.read()
        # A note's JSON is the second record's payload: a record of a critical type 12, with nothing in it, in front of it.
        second = data.index(b"TAPE", 12) - 8
        header = data[second:second + 12] + struct.pack("<BBH", 1, 1, 12) + data[second + 16:second + 40] + struct.pack("<IIQ", 0, 0, xxh3(b""))
        header = struct.pack("<4sI", header[:4], 56) + header[8:]
        path = self.broken(self.write("newer.tape", data[:second] + header + struct.pack("<Q", xxh3(header)) + data[second:]))
        for command in (["info", path], ["list", path], ["show", path, "1"], ["verify", path], ["recover", path, "--out", self.path("out.tape")],
                        ["export", path, "--to", "ndjson"], ["replay", path, "--target", "http://127.0.0.1:1"], ["diff", path, path]):
            with self.subTest(command=command[0]):
                self.assert_one_line_error(support.tapedeck(*command), path, "needs a newer tapedeck", "unknown critical record type 12",
                                           f"at byte {second} ", "read it with the version that wrote it")
        self.assertFalse(os.path.exists(self.path("out.tape")), "a failed recover leaves no file")

    def test_a_tape_cut_in_the_middle_is_read_with_its_loss(self):
        tape = self.record_some()
        with open(tape, "rb") as f:
            data = f.read()
        cut = self.broken(self.write("cut.tape", data[: len(data) // 2]))
        status, report = support.tapedeck_json("verify", cut)
        self.assertEqual(status, 4)
        self.assertTrue(report["tail_unknown"])
        self.assertEqual(support.listed(cut)[0], 4)

    def test_an_existing_tape_is_not_overwritten(self):
        tape = self.record_some()
        size = os.path.getsize(tape)
        other = self.broken(self.write("other.tape", b"something"))
        self.assert_one_line_error(support.tapedeck("recover", tape, "--out", other), other, "--force")
        self.assert_one_line_error(support.tapedeck("recover", tape, "--out", tape, "--force"), tape, "--out")
        self.assertEqual(os.path.getsize(tape), size)

    def test_pcap_with_an_unknown_link_type(self):
        pcap = self.write("odd.pcap", struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 147) + struct.pack("<IIII", 1, 0, 4, 4) + b"abcd")
        done = support.tapedeck("record", "--pcap", pcap, "--out", self.path("x.tape"))
        self.assert_one_line_error(done, "odd.pcap", "link type", "147")
        self.assertFalse(os.path.exists(self.path("x.tape")))

    def test_no_capture_file(self):
        for name, data in (("empty.pcap", b""), ("garbage.pcap", b"not packets at all" * 10)):
            done = support.tapedeck("record", "--pcap", self.write(name, data), "--out", self.path("x.tape"))
            self.assert_one_line_error(done, name)

    def test_port_in_use(self):
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            taken.listen()
            port = taken.getsockname()[1]
            done = support.tapedeck("record", "--listen", port, "--upstream", "http://127.0.0.1:1", "--out", self.path("x.tape"))
        self.assert_one_line_error(done, str(port), "in use")
        self.assertFalse(os.path.exists(self.path("x.tape")))

    def test_unwritable_output(self):
        done = support.tapedeck("record", "--listen", 0, "--upstream", "http://127.0.0.1:1", "--out", self.path("no/such/dir/x.tape"))
        self.assert_one_line_error(done, "no/such/dir/x.tape")
        tape = self.record_some()
        for flag, name in (("--report", "no/such/dir/r.html"), ("--report", "report.doc")):
            done = support.tapedeck("replay", tape, "--target", "http://127.0.0.1:1", flag, self.path(name))
            self.assert_one_line_error(done, name)

    def test_speeds(self):
        tape = self.record_some()
        for speed in ("0", "-1x", "abc", "nan", "inf"):
            with self.subTest(speed=speed):
                self.assert_one_line_error(support.tapedeck("replay", tape, "--target", "http://127.0.0.1:1", "--speed", speed), speed, "10x")

    def test_targets(self):
        tape = self.record_some()
        self.assert_one_line_error(support.tapedeck("replay", tape, "--target", "http://no-such-host.invalid:80"), "no-such-host.invalid")
        self.assert_one_line_error(support.tapedeck("replay", tape, "--target", f"http://127.0.0.1:{support.free_port()}"), "refused")
        self.assert_one_line_error(support.tapedeck("replay", tape, "--target", "nonsense://x"), "nonsense://x")

    def test_the_recorded_host_is_refused_unless_allowed(self):
        tape = self.path("own.tape")
        with support.Origin() as origin:
            with support.Recording(origin.port, tape) as recording:
                self.assertEqual(status_of(recording.port), 200)
                recording.finish(signal.SIGTERM)
            target = f"http://127.0.0.1:{origin.port}"
            self.assert_one_line_error(support.tapedeck("replay", tape, "--target", target), "--allow-recorded-host")
            self.assertEqual(support.tapedeck("replay", tape, "--target", target, "--allow-recorded-host").returncode, 0)

    def test_unknown_flags_and_expressions(self):
        tape = self.record_some()
        self.assert_one_line_error(support.tapedeck("list", tape, "--nonsense"), "--nonsense")
        self.assert_one_line_error(support.tapedeck("list", tape, "--filter", "status === 3"), "position 10")
        self.assert_one_line_error(support.tapedeck("list", tape, "--filter", 'path ~ "("'), "position")
        self.assert_one_line_error(support.tapedeck("replay", tape, "--target", "http://127.0.0.1:1", "--fail-on", "p77 > 3"), "p77")

    def test_upstream_down_at_start_and_going_away(self):
        port, tape = support.free_port(), self.path("flaky.tape")
        with support.Recording(port, tape) as recording:
            self.assertEqual(status_of(recording.port, "/down"), 502)
            with support.Origin(port=port):
                support.wait_until(lambda: status_of(recording.port, "/up") == 200, "the proxy finds its upstream")
            support.wait_until(lambda: status_of(recording.port, "/away") == 502, "the upstream is gone")
            with support.Origin(port=port):
                support.wait_until(lambda: status_of(recording.port, "/back") == 200, "the upstream is back")
                status, out, err = recording.finish(signal.SIGTERM)
        self.assertEqual(status, 0, err)
        self.assertIn("warning", err)
        _, exchanges = support.listed(tape)
        self.assertEqual(len(exchanges), json.loads(out)["seen"])
        down = [e for e in exchanges if e["target"] == "/down"]
        self.assertTrue(down)
        for e in down:
            self.assertIsNone(e["status"])
            self.assertIn("upstream_unreachable", e["flags"])
            self.assertIn("answered_by_proxy", e["flags"])
        self.assertIn(200, {e["status"] for e in exchanges if e["target"] == "/back"})

    def test_a_full_disk_does_not_stop_the_proxy(self):
        disk = self.path("disk")
        os.mkdir(disk)
        if os.geteuid() != 0 or subprocess.run(["mount", "-t", "tmpfs", "-o", "size=200k", "none", disk], capture_output=True).returncode != 0:
            self.skipTest("a tmpfs cannot be mounted here")
        self.addCleanup(subprocess.run, ["umount", disk], check=True)
        self.addCleanup(time.sleep, 0)
        with support.Origin() as origin:
            with support.Recording(origin.port, os.path.join(disk, "x.tape"), "--keep-free", "0") as recording:
                body = os.urandom(40_000)  # requests that do not compress
                for n in range(40):
                    request = urllib.request.Request(f"http://127.0.0.1:{recording.port}/{n}", headers={"X-Noise": body[n * 900:(n + 1) * 900].hex()})
                    with urllib.request.urlopen(request, timeout=30) as answer:
                        self.assertEqual(answer.status, 200)
                with open(os.path.join(disk, "filler"), "wb") as filler:
                    try:
                        filler.write(os.urandom(300_000))
                        filler.flush()
                    except OSError:
                        pass
                for n in range(200):
                    request = urllib.request.Request(f"http://127.0.0.1:{recording.port}/full/{n}", headers={"X-Noise": os.urandom(900).hex()})
                    with urllib.request.urlopen(request, timeout=30) as answer:
                        self.assertEqual(answer.status, 200)
                    time.sleep(0.02)
                status, out, err = recording.finish(signal.SIGTERM)
        self.assertEqual(status, 4, err)
        account = json.loads(out)
        self.assertEqual(account["seen"], 240)
        self.assertEqual(account["seen"], account["recorded"] + account["filtered"] + account["dropped"] + account["incomplete"])
        self.assertGreater(account["reasons"]["dropped"]["disk_full"], 0)
        status, exchanges = support.listed(os.path.join(disk, "x.tape"))
        self.assertEqual(status, 4)
        self.assertEqual(len(exchanges), account["recorded"])
        self.assertEqual(support.tapedeck("verify", os.path.join(disk, "x.tape")).returncode, 4)


if __name__ == "__main__":
    support.main()
