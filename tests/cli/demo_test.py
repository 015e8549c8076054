"""`tapedeck demo`: the whole job on loopback, ending in a verdict and a report."""

import os
import support


class Demo(support.TempDirTestCase):
    def test_ends_with_the_verdict_what_differs_and_the_report(self):
        done = support.tapedeck("demo", "--dir", self.dir)
        self.assertEqual(done.returncode, 0, done.stderr)
        lines = done.stdout.splitlines()
        verdict = lines.index("verdict: UNSAFE")
        differences = "\n".join(lines[verdict + 1:-1])
        self.assertIn("total_amount", differences)
        self.assertIn("GET /orders/{id}", differences)
        self.assertRegex(differences, r"GET /products/\{id\}.*price.*number.*string")
        self.assertRegex(differences, r"GET /search: slower")
        self.assertEqual(lines[-1], f"report: {self.path('report.html')}")
        self.assertGreater(os.path.getsize(self.path("report.html")), 10_000)

        status, exchanges = support.listed(self.path("demo.tape"))
        self.assertEqual(status, 0)
        self.assertGreater(len(exchanges), 1000)
        self.assertEqual({e["method"] for e in exchanges}, {"GET", "POST"})

    def test_the_honest_random_field_does_not_count(self):
        done = support.tapedeck("demo", "--dir", self.dir)
        self.assertEqual(done.returncode, 0, done.stderr)
        for line in done.stdout.splitlines():
            if "request_token" in line:
                self.assertIn("noise", line)


if __name__ == "__main__":
    support.main()
