"""`export`: what it writes, where, what it refuses, and its exit status."""

import json
import os
import subprocess
import unittest

import support

DATA = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "data", "tape")
RECORDED = os.path.join(DATA, "recorded-1.0.tape")
START = 1_700_000_000_000_000_000


def export(*arguments):
    return support.tapedeck("export", RECORDED, *arguments)


def ids_of(lines):
    return [json.loads(line)["id"] for line in lines.splitlines()]


class Ndjson(support.TempDirTestCase):
    def test_the_lines_are_those_of_show_in_the_order_of_list(self):
        done = export("--to", "ndjson")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(ids_of(done.stdout), [e["id"] for e in support.listed(RECORDED)[1]])
        for line in done.stdout.splitlines():
            self.assertEqual(line + "\n", support.tapedeck("show", RECORDED, json.loads(line)["id"], "--json").stdout)

    def test_filter_and_times_select_as_in_list(self):
        window = ["--filter", "method == GET", "--from", "+2ms", "--to", str(START + 20_000_000)]
        done = export("--to", "ndjson", *window)
        self.assertEqual(done.returncode, 0, done.stderr)
        wanted = support.listed(RECORDED, *window)[1]
        self.assertTrue(3 < len(wanted) < 20, wanted)
        self.assertEqual(ids_of(done.stdout), [e["id"] for e in wanted])


class Output(support.TempDirTestCase):
    def test_a_file_is_written_whole_and_the_result_says_how_much(self):
        out = self.path("all.ndjson")
        done = export("--to", "ndjson", "--out", out, "--json")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(json.loads(done.stdout), {"written": 24, "skipped": {}, "partial": False})
        with open(out) as f:
            self.assertEqual(f.read(), export("--to", "ndjson").stdout)
        self.assertEqual(os.stat(out).st_mode & 0o777, 0o600)
        self.assertEqual(os.listdir(self.dir), ["all.ndjson"])

    def test_an_existing_file_is_refused_unless_forced(self):
        out = self.write("kept", b"precious")
        self.assert_one_line_error(export("--to", "ndjson", "--out", out), out, "--force")
        with open(out) as f:
            self.assertEqual(f.read(), "precious")
        self.assertEqual(export("--to", "ndjson", "--out", out, "--force").returncode, 0)
        with open(out) as f:
            self.assertEqual(len(f.read().splitlines()), 24)
        empty = self.write("empty", b"")
        self.assertEqual(export("--to", "ndjson", "--out", empty).returncode, 0)

    def test_a_device_stays_one(self):
        self.assertEqual(export("--to", "ndjson", "--out", "/dev/null").returncode, 0)
        self.assertFalse(os.path.isfile("/dev/null"))

    def test_a_reader_that_has_seen_enough_needs_no_word(self):
        process = subprocess.Popen([support.TAPEDECK, "export", RECORDED, "--to", "ndjson"], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        process.stdout.close()
        self.assertEqual(process.stderr.read(), b"")
        process.stderr.close()
        self.assertEqual(process.wait(), 2)

    def test_what_cannot_be_is_said_in_one_line(self):
        self.assert_one_line_error(export("--to", "xml"), "xml", "ndjson")
        self.assert_one_line_error(export("--out", "x"), "--to")
        self.assert_one_line_error(export("--to", "+3s"), "--to", "ndjson")
        self.assert_one_line_error(export("--to", "ndjson", "--to", "ndjson"), "--to")
        self.assert_one_line_error(export("--to", "ndjson", "--to", "+1s", "--to", "+2s"), "--to")
        self.assert_one_line_error(export("--to", "ndjson", "--json"), "--json", "--out")
        self.assert_one_line_error(export("--to", "ndjson", "--out", self.dir), self.dir, "directory")
        self.assert_one_line_error(export("--to", "ndjson", "--out", self.path("no/such/x")), "no/such/x")
        not_a_tape = self.write("text", b"hello, I am no tape")
        self.assert_one_line_error(support.tapedeck("export", not_a_tape, "--to", "ndjson", "--out", self.path("o")), not_a_tape)
        self.assertEqual(os.listdir(self.dir), ["text"])


class Loss(support.TempDirTestCase):
    def test_a_tape_cut_off_is_exported_as_far_as_it_goes(self):
        with open(RECORDED, "rb") as f:
            data = f.read()
        cut = self.broken(self.write("cut.tape", data[: len(data) // 2]))
        out = self.path("cut.ndjson")
        done = support.tapedeck("export", cut, "--to", "ndjson", "--out", out, "--json")
        self.assertEqual(done.returncode, 4)
        self.assertIn("cut.tape", done.stderr)
        written = json.loads(done.stdout)["written"]
        self.assertTrue(0 < written < 24, written)
        with open(out) as f:
            self.assertEqual(len(f.read().splitlines()), written)


if __name__ == "__main__":
    support.main()
