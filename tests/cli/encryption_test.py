"""Encrypted tapes from the command line: recorded, read, compared, replayed, recovered; and what happens without the key."""

import http.client
import os
import signal
import unittest

import support

SECRET = b"correct-horse-battery-staple"


def service():
    """Answers every request with the secret."""
    return support.Origin(lambda target: SECRET + target)


class Encryption(support.TempDirTestCase):
    def setUp(self):
        super().setUp()
        self.key = self.write("tape.key", bytes(range(32)))
        self.other = self.write("other.key", bytes(range(1, 33)))
        for key in (self.key, self.other):
            os.chmod(key, 0o600)

    def record(self, origin, name):
        tape = self.path(name)
        with support.Recording(origin.port, tape, "--key-file", self.key) as recording:
            for n in range(20):
                client = http.client.HTTPConnection("127.0.0.1", recording.port, timeout=support.DEADLINE_S)
                client.request("GET", f"/{n}", headers={"Cookie": SECRET.decode()})
                client.getresponse().read()
                client.close()
            status, _, err = recording.finish(signal.SIGTERM)
            self.assertEqual(status, 0, err)
        return tape

    def test_the_whole_way(self):
        with service() as origin:
            tape = self.record(origin, "a.tape")
            with open(tape, "rb") as f:
                self.assertNotIn(SECRET[:10], f.read())
            status, exchanges = support.listed(tape, "--key-file", self.key)
            self.assertEqual((status, len(exchanges)), (0, 20))
            shown = support.tapedeck("show", tape, exchanges[7]["id"], "--key-file", self.key)
            self.assertIn(SECRET.decode(), shown.stdout)
            status, info = support.tapedeck_json("info", tape, "--key-file", self.key)
            self.assertEqual((status, info["exchanges"], info["encrypted"]), (0, 20, True))

            for arguments in (["info", tape], ["list", tape], ["show", tape, "1"], ["diff", tape, tape],
                              ["recover", tape, "--out", self.path("x.tape")],
                              ["replay", tape, "--target", f"http://127.0.0.1:{origin.port}"]):
                with self.subTest(command=arguments[0]):
                    self.assert_one_line_error(support.tapedeck(*arguments), tape, "encrypted", "--key-file")
                    wrong = support.tapedeck(*arguments, "--key-file", self.other)
                    self.assert_one_line_error(wrong, tape, "another key")
            self.assertFalse(os.path.exists(self.path("x.tape")))

            status, checked = support.tapedeck_json("verify", tape)
            self.assertEqual((status, checked["checked"], checked["exchanges"]["kept"]), (0, "stored", 20))
            status, checked = support.tapedeck_json("verify", tape, "--key-file", self.key)
            self.assertEqual((status, checked["checked"], checked["exchanges"]["kept"]), (0, "rows", 20))

            whole = self.path("whole.tape")
            status, _ = support.tapedeck_json("recover", tape, "--out", whole, "--key-file", self.key)
            self.assertEqual(status, 0)
            self.assert_one_line_error(support.tapedeck("list", whole), "encrypted")
            self.assertEqual([e["id"] for e in support.listed(whole, "--key-file", self.key)[1]], [e["id"] for e in exchanges])

            live = self.path("live.tape")
            done = support.tapedeck("replay", tape, "--target", f"http://127.0.0.1:{origin.port}", "--asap", "--allow-recorded-host",
                                    "--key-file", self.key, "--save", live, "--json")
            self.assertIn(done.returncode, (0, 3), done.stderr)
            self.assert_one_line_error(support.tapedeck("list", live), "encrypted")
            diff = support.tapedeck("diff", tape, live, "--key-file", self.key, "--json")
            self.assertIn('"pairs":20', diff.stdout.replace(" ", ""))

    def test_a_plain_copy_is_made_on_demand_alone(self):
        with service() as origin:
            tape = self.record(origin, "secret.tape")
        ids = [e["id"] for e in support.listed(tape, "--key-file", self.key)[1]]
        for command in (["filter", tape], ["recover", tape], ["merge", tape]):
            with self.subTest(command=command[0]):
                plain = self.path(command[0] + ".tape")
                done = support.tapedeck(*command, "--key-file", self.key, "--plain", "--out", plain)
                self.assertEqual(done.returncode, 0, done.stderr)
                status, exchanges = support.listed(plain)
                self.assertEqual((status, [e["id"] for e in exchanges]), (0, ids))
                self.assertEqual(support.tapedeck("verify", plain).returncode, 0)
        self.assert_one_line_error(support.tapedeck("filter", tape, "--plain", "--out", self.path("x.tape")), "--plain", "--key-file")
        self.assert_one_line_error(support.tapedeck("filter", tape, "--plain", "--key-file", self.other, "--out", self.path("x.tape")), "another key")
        self.assertFalse(os.path.exists(self.path("x.tape")))

    def test_a_key_file_is_looked_at_first(self):
        short = self.write("short.key", b"x" * 31)
        self.assert_one_line_error(support.tapedeck("list", "any.tape", "--key-file", short), "short.key", "exactly 32 bytes")
        self.assert_one_line_error(support.tapedeck("list", "any.tape", "--key-file", self.path("none")), "none", "No such file")
        os.chmod(self.key, 0o644)
        warned = support.tapedeck("list", "any.tape", "--key-file", self.key)
        self.assertIn("others than its owner can read", warned.stderr)


if __name__ == "__main__":
    support.main()
