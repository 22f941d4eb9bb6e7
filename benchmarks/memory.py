"""By how much does a training process grow with the table? 10,000 and 1,000,000 rows of the same few hundred files.

    python benchmarks/memory.py

The process is `striate train` on a Parquet manifest of made 64x64 JPEGs, with random crops, stopped after 30 steps of
64 pictures. Its anonymous memory (RssAnon: what it allocated, not the files that it maps) is sampled ten times a second
from outside: its peak, which comes while the pictures are examined, and the last before the end, while it trains. The
manifest brings hashes, one a row, so that no row is another's copy, and a split.
"""

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
from pairs import judged, options, tell
from pictures import CLASSES, make_folder

from striate.core.seeds import generator

PACKAGES = ("striate", "torch", "numpy", "pyarrow")
MUST = 300.0
ROWS = (10_000, 1_000_000)
_FILES, _STEPS = 400, 30
_SETTINGS = (
    "augment.crop=[0.35, 1.0]",
    "batch_size=64",
    "plan=reference",
)

_DRIVER = f"""
import os, sys
from striate.train import loop

class Stops(loop.Step):
    taken = 0

    def step(self, *args, **options):
        if Stops.taken == {_STEPS}:
            os._exit(0)
        Stops.taken += 1
        return super().step(*args, **options)

loop.Step = Stops
from striate.cli import main
sys.argv[0] = "striate"
main(sys.argv[1:])
sys.exit("it ended before its step {_STEPS}")
"""


def main() -> int:
    """Measure both sizes, print the table and keep it."""
    asked = options(__doc__).parse_args()
    sizes = (1_000, 10_000) if asked.quick else ROWS
    measured = []
    with tempfile.TemporaryDirectory() as place:
        os.environ["STRIATE_CACHE"] = f"{place}/cache"
        folder = make_folder(Path(place) / "pictures", _FILES, (64, 64))
        for rows in sizes:
            manifest = write_manifest(folder, rows)
            measured.append((rows, *watch(manifest, Path(place) / f"run{rows}")))
    lines = [
        "| rows | anonymous memory while training | its peak, examining included | resident memory, peak | seconds |",
        "|---:|---:|---:|---:|---:|",
    ]
    lines += [
        f"| {rows:,} | {last:.0f} MB | {peak:.0f} MB | {resident:.0f} MB | {seconds:.0f} |"
        for rows, last, peak, resident, seconds in measured
    ]
    grown = f"growth of anonymous memory from {sizes[0]:,} to {sizes[1]:,} rows"
    verdicts = [
        judged(f"{grown}, {when}", measured[1][place] - measured[0][place], MUST, unit=" MB", most=True)
        for place, when in ((1, "while training"), (2, "at the peak, examining included"))
    ]
    tell("memory", [*lines, "", *verdicts], asked, PACKAGES)
    return 0


def write_manifest(folder: Path, rows: int) -> Path:
    """Write a manifest of `rows` rows over the files in `folder`, with hashes and a split."""
    files = sorted(str(path.relative_to(folder)) for path in folder.rglob("*.jpg"))
    numbers = range(rows)
    drawn = generator("manifest", rows).bytes(16 * rows).hex()
    columns = {
        "path": [files[number % len(files)] for number in numbers],
        "label": [files[number % len(files)].split("/")[0] for number in numbers],
        "split": ["val" if number % 1000 == 1 else "test" if number % 1000 == 2 else "train" for number in numbers],
        "hash": [drawn[32 * number : 32 * number + 32] for number in numbers],
    }
    assert len(set(columns["label"])) == CLASSES
    path = folder / f"rows{rows}.parquet"
    pq.write_table(pa.table(columns), path)
    return path


def watch(manifest: Path, out: Path) -> tuple[float, float, float, float]:
    """Return a training's last and greatest anonymous and greatest resident memory in megabytes, and its seconds."""
    settings = [part for setting in _SETTINGS for part in ("--set", setting)]
    arguments = ["train", str(manifest), "--model", "resnet20", "--image-size", "32", "--out", str(out), *settings]
    began = time.monotonic()
    process = subprocess.Popen([sys.executable, "-c", _DRIVER, *arguments], stderr=subprocess.PIPE, text=True)
    last, peaks = 0.0, {"RssAnon": 0.0, "VmHWM": 0.0}
    while process.poll() is None:
        for name, value in _memory(process.pid).items():
            peaks[name] = max(peaks[name], value)
            last = value if name == "RssAnon" else last
        time.sleep(0.1)
    if process.returncode:
        sys.exit(f"the training failed:\n{process.stderr.read()}")
    return last, peaks["RssAnon"], peaks["VmHWM"], time.monotonic() - began


def _memory(process: int) -> dict[str, float]:
    try:
        lines = Path(f"/proc/{process}/status").read_text().splitlines()
    except FileNotFoundError:
        return {}
    named = (line.split() for line in lines if line.startswith(("RssAnon", "VmHWM")))
    return {name.rstrip(":"): int(kilobytes) * 1024 / 1e6 for name, kilobytes, _ in named}


if __name__ == "__main__":
    sys.exit(main())
