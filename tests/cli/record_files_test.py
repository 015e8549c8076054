"""What a capture file's tape looks like beside that of the same capture through a pipe, which may be live."""

import os
import sys
import unittest

import support
import traffic

sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "format"))
import tape_reader  # noqa: E402


def chunks(tape):
    with open(tape, "rb") as f:
        scanned = tape_reader.Tape(f.read(), None)
    return sum(record.type == tape_reader.CHUNK for segment in scanned.segments for record in segment.records.values())


class RecordFiles(support.TempDirTestCase):
    def setUp(self):
        super().setUp()
        self.capture = traffic.api_traffic(400, 5, connections=8).save(self.path("a.pcap"))  # some 2 s of traffic

    def test_a_file_fills_its_chunks(self):
        done = support.tapedeck("record", "--pcap", self.capture, "--out", self.path("file.tape"))
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(chunks(self.path("file.tape")), 1)

    def test_a_pipe_is_on_the_tape_after_a_second(self):
        with open(self.capture, "rb") as f:
            done = support.tapedeck("record", "--pcap", "-", "--out", self.path("pipe.tape"), stdin=f)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertGreater(chunks(self.path("pipe.tape")), 1)

    def test_both_hold_the_same(self):
        support.tapedeck("record", "--pcap", self.capture, "--out", self.path("file.tape"))
        with open(self.capture, "rb") as f:
            support.tapedeck("record", "--pcap", "-", "--out", self.path("pipe.tape"), stdin=f)
        without_id = lambda tape: [{k: v for k, v in e.items() if k != "id"} for e in support.listed(tape)[1]]
        self.assertEqual(without_id(self.path("file.tape")), without_id(self.path("pipe.tape")))


if __name__ == "__main__":
    unittest.main()
