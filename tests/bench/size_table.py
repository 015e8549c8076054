#!/usr/bin/env python3
"""How large a tape is beside other recordings of the same traffic. Prints one table; asserts nothing.
  TAPEDECK=build/release/tapedeck tests/bench/size_table.py [--exchanges N] [--columns] [CAPTURE.pcap...]

Made traffic (deterministic): unique API traffic, every exchange with fresh ids, tokens and texts; and the same requests with
answers that repeat. Captures: those named, or $TAPEDECK_DATA/pcaps. Each goes through `record --pcap`; HAR comes from `export`, `.gor` is
written here, with ids as GoReplay makes them; both then gzip -6; the capture itself through zstd -3."""

import argparse
import glob
import gzip
import json
import os
import subprocess
import sys
import tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(ROOT, "tests/cli"))
sys.path.insert(0, os.path.join(ROOT, "tests/format"))
import support  # noqa: E402
import traffic  # noqa: E402

COLUMNS = "- META REQUEST_HEADS RESPONSE_HEADS VALUES REQUEST_BODIES RESPONSE_BODIES STORED EXTRA CONNECTIONS ORIGINS EXT".split()


def gzipped(path):
    with open(path, "rb") as f:
        return len(gzip.compress(f.read(), 6, mtime=0))


def zstd_3(path):
    return len(subprocess.run(["zstd", "-3", "-q", "-c", path], check=True, capture_output=True).stdout)


def exported(tape, to, out):
    done = support.tapedeck("export", tape, "--to", to, "--out", out)
    if done.returncode not in (0, 4):
        sys.exit(f"export to {to}: {done.stderr}")
    return out


def row(name, capture, directory):
    """Sizes in bytes, of one capture."""
    path = lambda end: os.path.join(directory, os.path.basename(capture) + end)
    done = support.tapedeck("record", "--pcap", capture, "--out", path(".tape"), "--json")
    if done.returncode not in (0, 4):
        return None
    account = json.loads(done.stdout)
    if account["recorded"] == 0:
        return None
    return {"name": name, "tape_path": path(".tape"), "exchanges": account["recorded"] + account["incomplete"], "pcap": os.path.getsize(capture),
            "tape": os.path.getsize(path(".tape")), "gor.gz": gzipped(traffic.as_gor(exported(path(".tape"), "ndjson", path(".ndjson")), path(".gor"))),
            "har.gz": gzipped(exported(path(".tape"), "har", path(".har"))), "zstd -3 pcap": zstd_3(capture)}


def show(rows):
    others = ["gor.gz", "har.gz", "zstd -3 pcap"]
    print(f"{'traffic':34} {'exchanges':>9} {'pcap':>11} {'tape':>11} " + " ".join(f"{o:>12} {'tape/':>6}" for o in others))
    for r in rows:
        print(f"{r['name']:34} {r['exchanges']:9} {r['pcap']:11} {r['tape']:11} "
              + " ".join(f"{r[o]:12} {r['tape'] / r[o]:6.2f}" for o in others))


def show_columns(tape):
    """Where a tape's bytes are: stored and raw, by column and record."""
    import tape_reader
    with open(tape, "rb") as f:
        data = f.read()
    stored, raw, at = {}, {}, 0
    count = lambda what, s, r=0: (stored.__setitem__(what, stored.get(what, 0) + s), raw.__setitem__(what, raw.get(what, 0) + r))
    names = {1: "FILE_HEADER", 3: "BLOB", 4: "INDEX", 5: "SUMMARY", 6: "FOOTER", 7: "NOTE"}
    scanned = tape_reader.Tape(data, None)
    for segment in scanned.segments:
        for record in segment.records.values():
            if record.type != tape_reader.CHUNK:
                count(names.get(record.type, "other"), record.end - record.begin + 64 + len(record.body))
                continue
            count("chunk headers", 64 + len(record.body))
            for column, entry in tape_reader.Chunk(record).columns.items():
                count(COLUMNS[column], entry[3], entry[4])
    for what in sorted(stored, key=stored.get, reverse=True):
        print(f"  {what:16} {stored[what]:10} {100 * stored[what] / len(data):5.1f} %   raw {raw[what]:10}")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("captures", nargs="*")
    parser.add_argument("--exchanges", type=int, default=8000)
    parser.add_argument("--columns", action="store_true", help="where the bytes of each tape are")
    arguments = parser.parse_args()
    data = os.environ.get("TAPEDECK_DATA", os.path.join(ROOT, "../shared/data"))
    captures = arguments.captures or sorted(glob.glob(os.path.join(data, "pcaps", "*.pcap*")) + glob.glob(os.path.join(data, "pcaps", "*.cap")))
    rows = []
    with tempfile.TemporaryDirectory(prefix="tapedeck-size-") as directory:
        made = {"unique API traffic": traffic.api_traffic(arguments.exchanges, 1),
                "answers that repeat": traffic.api_traffic(arguments.exchanges, 2, answers=traffic.repeated_answers())}
        for n, (name, capture) in enumerate(made.items()):
            rows.append(row(name, capture.save(os.path.join(directory, f"made-{n}.pcap")), directory))
        rows += [row(os.path.basename(c), c, directory) for c in captures]
        rows = [r for r in rows if r]
        show(rows)
        for r in rows if arguments.columns else []:
            print(f"\n{r['name']}: {r['tape']} bytes")
            show_columns(r["tape_path"])


if __name__ == "__main__":
    main()
