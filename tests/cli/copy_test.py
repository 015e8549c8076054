"""filter and merge: what is written, what is said of the tapes read, and what is refused."""

import json
import os
import subprocess
import unittest

import support
import traffic


def without_connection(exchanges):
    """Copies may renumber connections; flags of order are the copy's own."""
    return [{**e, "connection": None, "flags": [f for f in e["flags"] if f != "late_row"]} for e in exchanges]


class Copies(support.TempDirTestCase):
    def tape(self, name, exchanges=120, seed=1):
        capture = traffic.api_traffic(exchanges, seed, connections=8).save(self.path(name + ".pcap"))
        done = support.tapedeck("record", "--pcap", capture, "--out", self.path(name))
        self.assertEqual(done.returncode, 0, done.stderr)
        return self.path(name)

    def exchanges(self, tape, *arguments):
        status, exchanges = support.listed(tape, *arguments)
        self.assertEqual(status, 0)
        return without_connection(exchanges)

    def copy(self, status, command, *arguments):
        got, account = support.tapedeck_json(command, *arguments)
        self.assertEqual(got, status, account)
        return account

    def verify(self, tape):
        self.assertEqual(support.tapedeck("verify", tape).returncode, 0)

    def test_filter_keeps_ids_and_bodies_and_a_filter_of_it_does(self):
        tape = self.tape("a.tape")
        account = self.copy(0, "filter", tape, "--out", self.path("all.tape"))
        self.assertEqual(account["written"], 120)
        self.assertEqual(account["exchanges"], {"kept": 120, "lost": 0, "degraded": {}})
        self.assertEqual(account["bytes"], os.path.getsize(tape))
        self.assertEqual(self.exchanges(self.path("all.tape")), self.exchanges(tape))
        self.copy(0, "filter", self.path("all.tape"), "--out", self.path("again.tape"))
        self.assertEqual(self.exchanges(self.path("again.tape")), self.exchanges(tape))
        for name in ("all.tape", "again.tape"):
            self.verify(self.path(name))

    def test_filter_by_expression_sample_and_time_is_what_list_shows(self):
        tape = self.tape("a.tape")
        for n, choice in enumerate([["--filter", 'method == POST or path ~ "^/api/v2/search"'], ["--sample", "50%"],
                                    ["--from", "+200ms", "--to", "+400ms"], ["--filter", "status == 999"]]):
            with self.subTest(choice=choice):
                out = self.path(f"{n}.tape")
                account = self.copy(0, "filter", tape, "--out", out, *choice)
                chosen = self.exchanges(tape, *choice)
                self.assertEqual(self.exchanges(out), chosen)
                self.assertEqual(account["written"], len(chosen))
                self.verify(out)

    def test_merge_is_the_union_in_time_order_and_cat_reads_the_same(self):
        a, b = self.tape("a.tape", seed=1), self.tape("b.tape", seed=2)
        account = self.copy(0, "merge", a, b, "--out", self.path("m.tape"))
        self.assertEqual(account["written"], 240)
        union = sorted(self.exchanges(a) + self.exchanges(b), key=lambda e: e["start_ns"])
        self.assertEqual(self.exchanges(self.path("m.tape")), union)
        self.verify(self.path("m.tape"))
        with open(a, "rb") as x, open(b, "rb") as y:
            joined = self.write("joined.tape", x.read() + y.read())
        self.assertEqual(self.exchanges(joined), union)
        self.verify(joined)
        # connections of the two stay apart
        by_connection = {}
        for e in support.listed(self.path("m.tape"))[1]:
            self.assertEqual(by_connection.setdefault(e["connection"], e["id"].split("-")[0]), e["id"].split("-")[0])

    def test_a_torn_tape_merges_with_exit_4_and_a_tape_that_stands_twice_counts_once(self):
        a, b = self.tape("a.tape", seed=1), self.tape("b.tape", seed=2)
        with open(a, "rb") as f:
            whole = f.read()
        torn = self.broken(self.write("torn.tape", whole[:len(whole) * 2 // 3]))
        status, left = support.listed(torn)
        self.assertEqual(status, 4)
        account = self.copy(4, "merge", torn, b, "--out", self.path("m.tape"))
        self.assertTrue(account["tail_unknown"])
        self.assertEqual(account["written"], len(left) + 120)
        self.verify(self.path("m.tape"))
        # the torn tape, another one, and the whole: nothing is lost, nothing is there twice
        done = support.tapedeck("merge", torn, b, a, "--out", self.path("n.tape"), "--json")
        account = json.loads(done.stdout)
        self.assertEqual(done.returncode, 4, done.stderr)  # torn is damaged, though it costs nothing
        self.assertEqual((account["written"], account["exchanges"]["lost"], account["tail_unknown"]), (240, 0, False))
        self.assertGreater(account["stale"], 0)
        self.assertEqual(len(done.stderr.strip().splitlines()), 1)
        self.assertIn("counts once", done.stderr)

    def test_merge_reads_a_directory_standard_input_and_many_tapes(self):
        os.mkdir(self.path("d"))
        for n in range(40):
            self.tape(f"d/{n:02}.tape", exchanges=3, seed=n + 10)
        self.tape("a.tape")
        with open(self.path("a.tape"), "rb") as stdin:
            done = support.tapedeck("merge", self.path("d"), "-", "--out", self.path("m.tape"), "--json", stdin=stdin)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(json.loads(done.stdout)["written"], 240)
        self.copy(0, "merge", *[self.path(f"d/{n:02}.tape") for n in range(40)], "--out", self.path("n.tape"))
        self.assertEqual(len(self.exchanges(self.path("n.tape"))), 120)

    def test_what_a_copy_did_not_take_over_is_no_loss_and_what_its_source_lost_is_in_info(self):
        tape = self.tape("a.tape")
        with open(tape, "rb") as f:
            damaged = bytearray(f.read())
        second = damaged.index(b"\x57\x2a\x4d\x18", damaged.index(b"TAPE", 200))
        damaged[second + 20] ^= 1
        account = self.copy(4, "filter", self.broken(self.write("damaged.tape", damaged)), "--out", self.path("f.tape"))
        self.assertEqual(account["exchanges"]["lost"] + account["exchanges"]["kept"], 120)
        _, info = support.tapedeck_json("info", self.path("f.tape"))
        self.assertEqual(info["losses"].get("inherited", {"exchanges": 0})["exchanges"], account["exchanges"]["lost"])

    def test_a_full_disk_ends_a_copy_with_one_line_and_a_tape_that_reads(self):
        disk = self.path("disk")
        os.mkdir(disk)
        if os.geteuid() != 0 or subprocess.run(["mount", "-t", "tmpfs", "-o", "size=60k", "none", disk], capture_output=True).returncode != 0:
            self.skipTest("a tmpfs cannot be mounted here")
        self.addCleanup(subprocess.run, ["umount", disk], check=True)
        tape = self.tape("a.tape", exchanges=2000)
        self.assertGreater(os.path.getsize(tape), 100_000)
        out = os.path.join(disk, "f.tape")
        self.assert_one_line_error(support.tapedeck("filter", tape, "--out", out), out, "No space left")
        self.assertIn(support.tapedeck("verify", out).returncode, (2, 4))

    def test_refusals_leave_the_tapes_alone(self):
        tape = self.tape("a.tape")
        with open(tape, "rb") as f:
            before = f.read()
        self.assert_one_line_error(support.tapedeck("filter", tape, "--out", tape), "--out")
        self.assert_one_line_error(support.tapedeck("filter", tape, "--out", tape, "--force"), "is read here", "--out")
        self.assert_one_line_error(support.tapedeck("merge", self.dir, tape, "--out", tape, "--force"), "is read here")
        self.write("text", b"no tape at all")
        self.assert_one_line_error(support.tapedeck("merge", tape, self.path("text"), "--out", self.path("m.tape")), "text", "not a tape")
        self.assert_one_line_error(support.tapedeck("filter", tape, "--out", self.path("m.tape"), "--filter", "nonsense"), "nonsense")
        self.assertFalse(os.path.exists(self.path("m.tape")))
        with open(tape, "rb") as f:
            self.assertEqual(f.read(), before)


if __name__ == "__main__":
    support.main()
