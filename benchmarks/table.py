"""What do large tables cost? Open a Parquet manifest, split it, shuffle an epoch: seconds, and memory added.

    python benchmarks/table.py            # 1,000 to 1,000,000 rows
    python benchmarks/table.py --full     # and 10,000,000

Each number comes from a process of its own, which does the step and those it needs. Memory is the process's peak
above what it held when everything was imported; seconds are of the step alone.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from results import record

from striate.core.seeds import generator
from striate.data.split import Split, match, split
from striate.sources import open_table

ROWS = (1_000, 10_000, 100_000, 1_000_000)
FULL = (*ROWS, 10_000_000)
STEPS = ("open", "split", "shuffle", "fingerprint", "save", "match")
LIMIT = 400e6  # bytes that a million rows may add to open, split and shuffle

_GROUP = 100_000  # rows of the manifest that are made at once


def main() -> None:
    """Measure every step for every size; print the table and keep it."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--full", action="store_true", help="10,000,000 rows as well")
    options.add_argument("--rows", type=int, nargs="+", help="these sizes instead; nothing is kept")
    options.add_argument("--steps", choices=STEPS, nargs="+", help="these steps alone; nothing is kept")
    options.add_argument("--json", action="store_true", help="print what was measured as JSON; nothing is kept")
    options.add_argument("--measure", choices=STEPS, help=argparse.SUPPRESS)
    options.add_argument("manifest", type=Path, nargs="?", help=argparse.SUPPRESS)
    given = options.parse_args()
    if given.measure:
        print(json.dumps(measure(given.measure, given.manifest)))
        return
    sizes, steps = given.rows or (FULL if given.full else ROWS), given.steps or STEPS
    measured = [one for rows in sizes for one in measure_all(rows, steps)]
    if given.json:
        print(json.dumps(measured))
        return
    lines = in_words(measured, steps)
    print("\n".join(lines))
    if not given.rows and not given.steps:
        record("table", [f"`python benchmarks/table.py{' --full' if given.full else ''}`", "", *lines])


def measure_all(rows: int, steps: Sequence[str]) -> Iterator[dict[str, float | str]]:
    """Make a manifest of `rows` rows and measure each of `steps` on it in a fresh process."""
    with tempfile.TemporaryDirectory() as folder:
        manifest = Path(folder) / "manifest.parquet"
        write_manifest(manifest, rows)
        for step in steps:
            command = [sys.executable, __file__, "--measure", step, str(manifest)]
            said = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
            yield {"rows": rows, "step": step, **json.loads(said)}


def write_manifest(path: Path, rows: int) -> None:
    """Write a manifest of `rows` made-up pictures in 100 classes, with paths, groups and content hashes."""
    columns = {"path": pa.string(), "label": pa.string(), "group": pa.string(), "hash": pa.string()}
    with pq.ParquetWriter(path, pa.schema(columns)) as file:
        for start in range(0, rows, _GROUP):
            numbers = range(start, min(start + _GROUP, rows))
            drawn = generator("manifest", start).bytes(16 * len(numbers)).hex()
            made = {
                "path": [f"pictures/{n % 100:02}/{n:09}.jpg" for n in numbers],
                "label": [f"class {n % 100}" for n in numbers],
                "group": [f"site {n // 20}" if n % 2 else None for n in numbers],
                "hash": [drawn[place : place + 32] for place in range(0, len(drawn), 32)],
            }
            file.write_table(pa.table(made, pa.schema(columns)))


def measure(step: str, manifest: Path) -> dict[str, float]:
    """Do `step` and what it needs; return its seconds and the bytes that the process added."""
    before = _memory("VmRSS")
    clock: dict[str, float] = {}
    with _timed(clock, "open"):
        table = open_table(manifest)
    if step == "fingerprint":
        with _timed(clock, "fingerprint"):
            table.fingerprint  # noqa: B018  (computed when asked)
    elif step != "open":
        with _timed(clock, "split"):
            made = split(table)
        with _timed(clock, "shuffle"):
            rows = made.rows("train")
            assert generator("order", 0, 1).permutation(rows).size == rows.size
    if step in {"save", "match"}:
        path = manifest.with_name("split.parquet")
        with _timed(clock, "save"):
            made.save(path)
    if step == "match":
        backwards = table.take(np.arange(len(table))[::-1])
        with _timed(clock, "match"):
            assert np.array_equal(match(backwards, Split.load(path)).sides, made.sides[::-1])
    return {"seconds": clock[step], "bytes": _memory("VmHWM") - before}


@contextmanager
def _timed(clock: dict[str, float], step: str) -> Iterator[None]:
    began = time.perf_counter()
    yield
    clock[step] = time.perf_counter() - began


def _memory(field: str) -> int:
    status = Path("/proc/self/status").read_text()
    return next(int(line.split()[1]) * 1024 for line in status.splitlines() if line.startswith(field))


def in_words(measured: list[dict[str, float | str]], steps: Sequence[str]) -> list[str]:
    """Return the table in Markdown, and whether the limit is kept."""
    by_size: dict[int, dict[str, dict[str, float | str]]] = {}
    for one in measured:
        by_size.setdefault(int(one["rows"]), {})[str(one["step"])] = one
    lines = [
        "Seconds of the step, and the process's peak memory above the imported library.",
        "",
        f"| rows | {' | '.join(steps)} |",
        f"|---:|{'---:|' * len(steps)}",
    ]
    for rows, by_step in by_size.items():
        cells = (f"{one['seconds']:.2f} s, {float(one['bytes']) / 1e6:.0f} MB" for one in by_step.values())
        lines.append(f"| {rows:,} | {' | '.join(cells)} |")
    million = by_size.get(1_000_000, {})
    if {"open", "split", "shuffle"} <= million.keys():
        most = max(float(million[step]["bytes"]) for step in ("open", "split", "shuffle"))
        kept = "kept" if most < LIMIT else "NOT KEPT"
        lines += ["", f"Limit: 1,000,000 rows open, split and shuffle under {LIMIT / 1e6:.0f} MB added: {kept}."]
    return lines


if __name__ == "__main__":
    main()
