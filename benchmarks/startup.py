"""How many seconds from the start of `striate train mnist` to its first step, and how many does `import torch` take?

    python benchmarks/startup.py

Each figure is of a process of its own, in turns, from before it is started to the moment in question, by one clock. The
first run of `striate train`, which examines the pictures and measures the plan, comes before and is shown apart.
"""

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

from pairs import judged, options, tell
from real_data import root

PACKAGES = ("striate", "torch", "numpy")
MUST, AIM = 6.0, 1.0

# The clock stops, and the process ends, where the first step would begin.
_TRAIN = """
import os, sys, time
from striate.train import loop

class Stops(loop.Step):
    def step(self, *args, **options):
        sys.stdout.write(repr(time.time()))
        sys.stdout.flush()
        os._exit(0)

loop.Step = Stops
from striate.cli import main
sys.argv[0] = "striate"
main(sys.argv[1:])
"""
_IMPORT = "import torch, time; print(repr(time.time()))"


def main() -> int:
    """Start processes in turns, print the table and keep it."""
    asked = options(__doc__).parse_args()
    with tempfile.TemporaryDirectory() as place:
        os.environ["STRIATE_CACHE"] = f"{place}/cache"
        first = training(Path(place) / "first")
        trainings, imports = [], []
        for number in range(2 if asked.quick else 9):
            trainings.append(training(Path(place) / f"run{number}"))
            imports.append(seconds_until("-c", _IMPORT))
    tell("startup", in_words(first, trainings, imports), asked, PACKAGES)
    return 0


def training(out: Path) -> float:
    """Return the seconds until the first step of a training."""
    return seconds_until("-c", _TRAIN, "train", "mnist", "--data-root", str(root()), "--out", str(out))


def seconds_until(*arguments: str) -> float:
    """Return the seconds from before Python is started to the moment that it prints."""
    began = time.time()
    told = subprocess.run([sys.executable, *arguments], check=True, capture_output=True, text=True).stdout
    return float(told.split()[-1]) - began


def in_words(first: float, trainings: list[float], imports: list[float]) -> list[str]:
    """Return the table and the verdict."""
    more = median(training - imported for training, imported in zip(trainings, imports, strict=True))
    return [
        "| process | seconds, median | least to greatest |",
        "|---|---:|---:|",
        _line("`striate train mnist` to its first step", trainings),
        _line('`python -c "import torch"`', imports),
        f"| `striate train mnist` the first time: examining, measuring the plan | {first:.2f} | |",
        "",
        judged("start-up of `striate train` to the first step", median(trainings), MUST, unit=" s", most=True),
        f"- more than importing torch alone: {more:.2f} s; aim: {AIM:.0f} s",
    ]


def _line(name: str, seconds: list[float]) -> str:
    return f"| {name} | {median(seconds):.2f} | {min(seconds):.2f} to {max(seconds):.2f} |"


if __name__ == "__main__":
    sys.exit(main())
