"""kill -9 while recording: the tape reads to its last closed chunk, and recover says what is lost or cannot be known."""

import signal
import subprocess
import time
import unittest

import support

KILLS = 20


@unittest.skipUnless(support.have("nginx", "wrk"), "nginx and wrk are needed")
class Kill(support.TempDirTestCase):
    def test_every_killed_tape_reads_and_recovers(self):
        self.write("small.json", b'{"n": 1}')
        with support.Nginx(self.dir) as nginx:
            for round_number in range(KILLS):
                with self.subTest(round=round_number):
                    self.kill_once(nginx, round_number)

    def kill_once(self, nginx, round_number):
        tape = self.broken(self.path(f"{round_number}.tape"))
        with support.Recording(nginx.port, tape) as recording:
            with support.Process(["wrk", "-t1", "-c8", "-d5s", f"http://127.0.0.1:{recording.port}/small.json"],
                                 stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL):
                support.wait_until(lambda: support.tapedeck("list", tape).stdout.count("\n") > 0, "a chunk is on the tape")
                time.sleep(0.01 * round_number)  # another instant each round; the outcome does not depend on it
                recording.process.send_signal(signal.SIGKILL)
                recording.process.wait()
        status, exchanges = support.listed(tape)
        self.assertEqual(status, 4)
        self.assertGreater(len(exchanges), 0)
        self.assertEqual({(e["status"], e["target"]) for e in exchanges}, {(200, "/small.json")})

        status, loss = support.tapedeck_json("recover", tape, "--out", self.path(f"{round_number}.whole.tape"))
        self.assertEqual(status, 4)
        self.assertTrue(loss["tail_unknown"])
        self.assertEqual(loss["exchanges"]["kept"], len(exchanges))
        self.assertEqual(loss["exchanges"]["lost"], 0)
        self.assertGreater(loss["covered_until_ns"], 0)
        status, recovered = support.listed(self.path(f"{round_number}.whole.tape"))
        self.assertEqual(status, 0)
        self.assertEqual([e["id"] for e in recovered], [e["id"] for e in exchanges])


if __name__ == "__main__":
    support.main()
