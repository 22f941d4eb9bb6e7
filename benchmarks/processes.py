"""How much faster do two processes train than one, each with one thread?

    python benchmarks/processes.py

resnet20 on made pictures of 32x32, with `torchrun --nproc-per-node N -m striate train`, the same global batches of 128
and the same plan. The figure is images a second from the end of the first epoch to the end of the last, as the run's
own log has them; no pictures are held out for validation, so that an epoch is steps and a checkpoint. In turns.
"""

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from pairs import Timings, judged, options, tell

PACKAGES = ("striate", "torch", "numpy")
MUST = 1.7
_EPOCHS = 3
_PLAN = ("plan.precision=bf16", "plan.memory_format=channels_last", "plan.compile=off", "plan.threads=1")
_SETTINGS = (*_PLAN, "batch_size=128", "split.val=0", "threads=1")


def main() -> int:
    """Train with one process and with two, in turns; print the table and keep it."""
    asked = options(__doc__).parse_args()
    asked.threads = 1
    count = 1_024 if asked.quick else 6_144
    seconds: dict[str, list[float]] = {"1": [], "2": []}
    with tempfile.TemporaryDirectory() as place:
        os.environ["STRIATE_CACHE"] = f"{place}/cache"
        for number in range(1 if asked.quick else 5):
            for processes in list(seconds)[:: -1 if number % 2 else 1]:
                out = Path(place) / f"run{number}-{processes}"
                seconds[processes].append(train(processes, count, out))
        shown = (_EPOCHS - 1) * trained_on(out)
    timings = Timings(seconds)
    ratio = timings.ratio("2", "1")
    lines = ["| processes | images a second |", "|---:|---:|"]
    lines += [f"| {processes} | {shown / timings.middle(processes):.0f} |" for processes in seconds]
    lines += ["", f"Ratio: {ratio}.", "", judged("two processes against one, each with one thread", ratio.middle, MUST)]
    tell("processes", lines, asked, PACKAGES)
    return 0


def train(processes: str, count: int, out: Path) -> float:
    """Return the seconds of all epochs but the first."""
    settings = [part for setting in _SETTINGS for part in ("--set", setting)]
    options_ = ["--model", "resnet20", "--epochs", str(_EPOCHS), "--out", str(out), *settings]
    launch = ["-m", "torch.distributed.run", "--standalone", "--nproc-per-node", processes]
    command = [sys.executable, *launch, "-m", "striate", "train", f"shapes?count={count}&size=32", *options_]
    done = subprocess.run(
        command, capture_output=True, text=True, env={**os.environ, "OMP_NUM_THREADS": "1"}, check=False
    )
    if done.returncode:
        sys.exit(f"{' '.join(command)} failed:\n{done.stderr}")
    told = [entry["seconds"] for entry in _log(out) if entry["kind"] == "epoch"]
    return told[-1] - told[0]


def trained_on(out: Path) -> int:
    """Return how many pictures an epoch of the run had."""
    return sum(json.loads((out / "data.json").read_text())["counts"]["train"])


def _log(out: Path) -> list[dict[str, float]]:
    return [json.loads(line) for line in (out / "log.jsonl").read_text().splitlines()]


if __name__ == "__main__":
    sys.exit(main())
