"""How do time and memory grow: with the rows of the table, and with the pixels of a picture?

    python benchmarks/growth.py

Rows: opening, splitting and shuffling a Parquet manifest of 1,000 to 1,000,000 rows, each in a process of its own, as
`table.py` measures it. Pixels: a training step of resnet18 on 16 pictures of 32 to 448 pixels, float32, channels-last,
and the peak of memory above the imported library, each in a process of its own. Writes docs/pictures/growth.png.
"""

import json
import resource
import subprocess
import sys
from pathlib import Path
from statistics import median

import torch
from matplotlib.axes import Axes
from pairs import options, seconds_of, tell
from table import measure_all

from striate import zoo
from striate.data.preprocess import Preprocess
from striate.report.figures import BLUE, blank, save_png, style
from striate.runtime.plan import Plan
from striate.train.recipe import Optimizer, Recipe
from striate.train.rehearsal import random_batch
from striate.train.step import Step

PACKAGES = ("striate", "torch", "numpy", "pyarrow")
ROWS = (1_000, 10_000, 100_000, 1_000_000)
PIXELS = (32, 64, 112, 224, 448)
PICTURE = Path(__file__).parents[1] / "docs" / "pictures" / "growth.png"
_STEPS = ("open", "split", "shuffle")
_BATCH = 16

Curve = list[tuple[int, float, float]]  # rows or pixels, seconds, megabytes


def main() -> int:
    """Measure both curves, print them, draw them and keep them."""
    parser = options(__doc__)
    parser.add_argument("--measure", type=int, help="measure a step at so many pixels and print JSON")
    asked = parser.parse_args()
    if asked.measure:
        print(json.dumps(measure(asked.measure, asked.threads)))
        return 0
    rows = [by_rows(count) for count in (ROWS[:2] if asked.quick else ROWS)]
    pixels = [by_pixels(side, asked.threads) for side in (PIXELS[:3] if asked.quick else PIXELS)]
    lines = [
        "| rows | open, split, shuffle | memory added |",
        "|---:|---:|---:|",
        *(f"| {count:,} | {seconds:.2f} s | {megabytes:.0f} MB |" for count, seconds, megabytes in rows),
        "",
        f"| pixels | training step of resnet18 on {_BATCH} pictures | memory added |",
        "|---:|---:|---:|",
        *(f"| {side} | {seconds:.2f} s | {megabytes:.0f} MB |" for side, seconds, megabytes in pixels),
    ]
    if not asked.quick:
        draw(rows, pixels)
        lines += ["", f"Drawn in docs/pictures/{PICTURE.name}."]
    tell("growth", lines, asked, PACKAGES)
    return 0


def by_rows(count: int) -> tuple[int, float, float]:
    """Return the seconds of all steps together, and the most megabytes that one of them added."""
    measured = list(measure_all(count, _STEPS))
    return count, sum(one["seconds"] for one in measured), max(one["bytes"] for one in measured) / 1e6


def by_pixels(side: int, threads: int) -> tuple[int, float, float]:
    """Return the seconds of a step and the megabytes it added, from a process of its own."""
    command = [sys.executable, __file__, "--threads", str(threads), "--measure", str(side)]
    seconds, megabytes = json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout)
    return side, seconds, megabytes


def measure(side: int, threads: int) -> tuple[float, float]:
    """Return the median seconds of a training step, and the megabytes above the imported library at the peak."""
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    recipe = Recipe(
        model="resnet18",
        options={"stem": "published"},
        epochs=1,
        batch_size=_BATCH,
        preprocess=Preprocess(size=side, mean=(0.5,) * 3, std=(0.25,) * 3),
        optimizer=Optimizer(lr=0.001),
    )
    network = zoo.create("resnet18", num_classes=100, in_channels=3, image_size=side, stem="published")
    plan = Plan(precision="float32", memory_format="channels_last", compile="off", threads=threads).resolve(network)
    step = Step(recipe, plan, plan.prepare(network), torch.ones(100, dtype=torch.int64))
    batch = random_batch(recipe, 100)
    with plan.applied():
        seconds = [seconds_of(lambda: step.step(*step.inputs(batch), 0, 0.001)) for _ in range(6)]
    return median(seconds[1:]), (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) * 1024 / 1e6


def draw(rows: Curve, pixels: Curve) -> None:
    """Draw seconds and megabytes of both curves, on logarithmic scales, each point with its number."""
    titles = "Opening, splitting and shuffling a table", f"A training step of resnet18 on {_BATCH} pictures"
    with style():
        figure = blank(8.0, 4.6)
        panels = figure.subplots(2, 2, sharex="col")
        for column, (curve, what, title) in enumerate(
            zip((rows, pixels), ("rows", "side in pixels"), titles, strict=True)
        ):
            sizes, seconds, megabytes = zip(*curve, strict=True)
            panels[0, column].set_title(title)
            _line(panels[0, column], sizes, seconds, "seconds", "{:.2f} s")
            _line(panels[1, column], sizes, megabytes, "megabytes added", "{:.0f} MB")
            panels[1, column].set_xlabel(f"{what}; all axes are logarithmic")
        save_png(figure, PICTURE)


def _line(axes: Axes, sizes: tuple[float, ...], values: tuple[float, ...], what: str, told: str) -> None:
    axes.loglog(sizes, values, "o-", color=BLUE, markersize=5)
    for size, value in zip(sizes, values, strict=True):
        axes.annotate(told.format(value), (size, value), (-2, 6), textcoords="offset points", ha="right", fontsize=8)
    axes.set_ylabel(what)
    axes.set_xticks(sizes, [f"{size:,}" for size in sizes])
    axes.set_yticks([], [], minor=False)
    axes.minorticks_off()
    axes.margins(x=0.17, y=0.25)


if __name__ == "__main__":
    sys.exit(main())
