"""How much of an epoch is not arithmetic? resnet20 on the whole of CIFAR-10, as `striate train` trains it.

    python benchmarks/overhead.py

Clocks lie around the loop's parts from outside. What is neither forward (with the loss), backward nor the optimizer's
step is overhead: waiting for pictures, augmenting, counting, logging, checkpoints, and the loop itself. Validation is
the network's own forward pass again; it is shown, and is no part of the epoch's time here. Pictures are read in threads
beside the arithmetic, which can slow it down without being waited for: so steps that read and augment their pictures
are timed in turns with the same steps on one batch that is always there.
"""

import os
import sys
import tempfile
from itertools import count, islice
from pathlib import Path
from statistics import median

import torch
from pairs import Ratio, cores, in_turns, judged, options, tell
from real_data import write_cifar10, write_part_of_cifar10
from stopwatch import BACKWARD, FORWARD, OPTIMIZER, watch_training

import striate
from striate.data.batches import Batches
from striate.data.store import Store
from striate.train.run import Run
from striate.train.step import Step

PACKAGES = ("striate", "torch", "numpy")
MUST = 5.0
_STEPS = 20  # of a turn
_ARITHMETIC = (FORWARD, "loss", BACKWARD, OPTIMIZER)


def main() -> int:
    """Train, print where the time went, and keep it."""
    asked = options(__doc__).parse_args()
    with tempfile.TemporaryDirectory() as place:
        os.environ["STRIATE_CACHE"] = f"{place}/cache"
        folder = Path(place)
        out = folder / "data"
        data = write_part_of_cifar10(out, train=2_000) if asked.quick else write_cifar10(out)
        tell("overhead", measure(data, folder, asked.threads, rounds=1 if asked.quick else 3), asked, PACKAGES)
    return 0


def measure(data: Path, folder: Path, threads: int, *, rounds: int) -> list[str]:
    """Return the table and the verdict; the plan is measured once, before the first round."""
    torch.set_num_threads(threads)
    settings = {} if threads == cores() else {"plan.threads": threads}
    shares, rows = [], []
    for number in range(rounds):
        seconds, run = watch_training(
            "cifar10",
            model="resnet20",
            epochs=1,
            seed=number,
            out=folder / f"run{number}",
            data_root=data,
            settings=settings,
            quiet=True,
        )
        total = sum(seconds.values()) - seconds["validation"]
        arithmetic = sum(seconds[name] for name in _ARITHMETIC)
        shares.append(100 * (1 - arithmetic / total))
        rows.append(seconds)
    plan = run.recipe.plan.words()
    longer = beside(run, data, rounds=4 * rounds)
    return [
        f"resnet20 on {len(run.split.rows('train')):,} pictures, {plan}; {rounds} runs of an epoch.",
        "",
        *table(rows),
        "",
        f"Steps that read and augment take {longer} as long as the same steps on one batch that is always there.",
        "",
        judged(
            f"share outside forward, backward and step (of {rounds} runs {min(shares):.1f} to {max(shares):.1f} %)",
            median(shares),
            MUST,
            unit=" %",
            most=True,
        ),
    ]


def table(rows: list[dict[str, float]]) -> list[str]:
    """Return each part's seconds, the median of the runs, and its share of the epochs without validation."""
    middle = {name: median(row.get(name, 0.0) for row in rows) for name in rows[0]}
    total = sum(middle.values()) - middle["validation"]
    lines = ["| part | seconds | share |", "|---|---:|---:|"]
    for name, seconds in sorted(middle.items(), key=lambda item: -item[1]):
        share = "beside" if name == "validation" else f"{100 * seconds / total:.1f} %"
        lines.append(f"| {name} | {seconds:.2f} | {share} |")
    return lines


def beside(run: Run, data: Path, *, rounds: int) -> Ratio:
    """Return how many times longer steps take that read and augment than those on one batch."""
    recipe = run.recipe
    table = striate.sources.open_table("cifar10", data_root=data)
    store = Store(table, recipe.preprocess)
    batches = Batches(store, run.split.rows("train"), batch_size=recipe.batch_size, seed=0, augment=recipe.augment)
    network = striate.zoo.create(recipe.model, num_classes=10, image_size=recipe.preprocess.size)
    step = Step(recipe, recipe.plan, recipe.plan.prepare(network), torch.ones(10, dtype=torch.int64))
    there, steps, epochs = step.inputs(batches.at(1, 0)), min(_STEPS, batches.steps_per_epoch), count(1)

    def bare() -> None:
        for _ in range(steps):
            step.step(*there, 0, 0.001)

    def whole() -> None:
        for batch in islice(batches.ahead(next(epochs)), steps):
            step.step(*step.inputs(batch), 0, 0.001)

    with recipe.plan.applied():
        timings = in_turns({"whole": whole, "bare": bare}, rounds=rounds)
    store.close()
    return timings.ratio("bare", "whole")


if __name__ == "__main__":
    sys.exit(main())
