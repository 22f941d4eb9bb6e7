"""How good are the classic pipelines, and does one beat another on the same pictures?

    python benchmarks/classic.py caltech10 fashion-mnist cifar10

caltech10 is a folder of 400 photos to learn from and 100 to be tested on; Fashion-MNIST is whole; of CIFAR-10 the
first 10,000 training pictures and the full test set, on which a network learns too, by its own recipe. A beats B as
`striate compare` has it: the pictures that only A has right outnumber those that only B has right by more than chance,
by McNemar's test (mid-p), at 0.05 after Holm's correction over all pairs.
"""

# ruff: noqa: E402 (what says how threads wait must be said before torch is imported)
from striate.core.waiting import spin_briefly

spin_briefly()  # as the command line does

import argparse
import sys
import time
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import torch
from numpy.typing import NDArray
from pairs import judged, options, tell
from real_data import root, write_part_of_cifar10

import striate
from striate import classic
from striate.classic.pictures import Pictures
from striate.compare.cost import AT_ONCE, seconds_a_picture
from striate.compare.entrants import answered_by
from striate.data.decode import decode, to_channels
from striate.data.examine import with_hashes
from striate.data.table import Table
from striate.evaluate.intervals import wilson
from striate.evaluate.paired import Paired, compare, holm
from striate.sources import open_table
from striate.train.run import Run

PACKAGES = ("striate", "torch", "scikit-learn", "scikit-image", "opencv-python-headless", "numpy")
ON_GRADIENTS = ("hog-svm", "bof-svm", "spm-svm", "vlad-svm", "fisher-svm")
PIPELINES = {
    "caltech10": tuple(classic.PIPELINES),
    "fashion-mnist": ("hog-svm",),
    "cifar10": ("color-linear", *ON_GRADIENTS, "lbp-svm", "pixels-svm", "pixels-knn", "eigen-svm"),
}
NETWORK = "resnet20"  # beside the pipelines of CIFAR-10
LEAST = {("fashion-mnist", "hog-svm"): 90.5, ("cifar10", "the best"): 55.0}
_LEVEL = 0.05


@dataclass(frozen=True)
class Tested:
    """What a recognizer is worth.

    Args:
        right: (N,) which test pictures it got right.
        fit: seconds of learning.
        each: seconds for the answer to one picture.
    """

    right: NDArray[np.bool_]
    fit: float
    each: float

    def line(self, name: str) -> str:
        """Return its row of the table."""
        known = wilson(int(self.right.sum()), len(self.right))
        interval = f"{100 * known.low:.2f} to {100 * known.high:.2f}"
        return f"| {name} | {100 * known.value:.2f} % | {interval} | {self.fit:.0f} | {1000 * self.each:.2f} |"


def main() -> int:
    """Fit and test each recognizer on each data set, print the tables and keep them."""
    parser = options(__doc__)
    parser.add_argument("data", nargs="*", default=["caltech10"], help=", ".join(PIPELINES) + "; default: caltech10")
    parser.add_argument("--only", nargs="*", help="these pipelines, and no network")
    parser.add_argument("--network", type=Path, help="a finished run of the network, in place of training one")
    asked = parser.parse_args()
    unknown = set(asked.data) - set(PIPELINES)
    if unknown:
        parser.error(f"no data named {', '.join(sorted(unknown))}: take of {', '.join(PIPELINES)}")
    torch.set_num_threads(asked.threads)
    for name in asked.data:
        with TemporaryDirectory() as folder:
            lines = measured(name, Path(folder), asked)
        tell(f"classic: {name}", lines, asked, PACKAGES)
    return 0


def opened(name: str, folder: Path, *, quick: bool = False) -> Table:
    """Return the table of a data set."""
    if name == "cifar10":
        count = 500 if quick else 10_000
        return open_table("cifar10", data_root=write_part_of_cifar10(folder, train=count, test=count))
    if name == "fashion-mnist":
        return open_table("fashion_mnist", data_root=root() / name)
    return open_table(root() / name)


def measured(name: str, folder: Path, asked: argparse.Namespace) -> list[str]:
    """Return the lines of one data set: a row a recognizer, and the verdicts."""
    table = opened(name, folder, quick=asked.quick)
    sides = np.array(table.strings("split"))
    every = 20 if asked.quick and name != "cifar10" else 1
    train, test = np.flatnonzero(sides == "train")[::every], np.flatnonzero(sides != "train")[::every]
    lines = ["| recognizer | accuracy | 95 % interval | seconds to fit | ms a picture |", "|---|---:|---|---:|---:|"]
    images, tests = pictures(table, train), pictures(table, test)
    tested: dict[str, Tested] = {}
    for pipeline in asked.only or PIPELINES[name]:
        tested[pipeline] = fitted(pipeline, images, table.labels[train], tests, table.labels[test])
        lines.append(tested[pipeline].line(pipeline))
        print(lines[-1], flush=True)
    if name == "cifar10" and not asked.only:
        tested[NETWORK], how = trained(folder, table, test, asked)
        lines += [tested[NETWORK].line(NETWORK), "", how]
    what = f"With the argument {name}: {len(train):,} pictures to learn from, {len(test):,} to test."
    return [what, "", *lines, "", *verdicts(name, tested)]


def fitted(pipeline: str, images: Pictures, labels: NDArray, tests: Pictures, truth: NDArray) -> Tested:
    """Fit a pipeline and test it."""
    began = time.perf_counter()
    made = classic.create(pipeline, seed=0).fit(images, labels)
    fit = time.perf_counter()
    right = made.predict(tests) == truth
    return Tested(right, fit - began, (time.perf_counter() - fit) / len(truth))


def trained(folder: Path, table: Table, test: NDArray[np.int64], asked: argparse.Namespace) -> tuple[Tested, str]:
    """Train the network by its own recipe and test it; return also how it was trained."""
    if asked.network:
        run = Run(asked.network)
        if run.data["fingerprint"] != with_hashes(table, quiet=True).fingerprint:
            sys.exit(f"{asked.network} was trained on other pictures: leave --network out to train it on these")
    else:
        settings = {"plan.threads": asked.threads, **({"epochs": 1} if asked.quick else {})}
        run = striate.train("cifar10", model=NETWORK, data_root=folder, out=folder / "run", settings=settings)
    answered = answered_by(run, "test")
    order = np.argsort(answered.rows)
    if not np.array_equal(answered.rows[order], test):
        sys.exit(f"{run.path} was tested on other pictures: leave --network out to test it on these")
    each = seconds_a_picture(run.recognizer(), pictures(table, test[:AT_ONCE]))
    epochs, plan = run.recipe.epochs, run.recipe.plan
    how = (
        f"{NETWORK}, by `striate train cifar10 --model {NETWORK}` on the same pictures, of which it holds out "
        f"{len(run.split.rows('val')):,} to be validated on: {epochs} epochs, {plan.precision}, {plan.threads} threads."
    )
    return Tested(answered.right[order], run.read_json("environment.json")["seconds"], each), how


def pictures(table: Table, rows: NDArray[np.int64]) -> Pictures:
    """Return pictures (N, C, H, W), or a list of (3, H, W) where their sizes differ."""
    if table.pixels is not None:
        index = table.columns["index"].to_numpy()[rows]
        return np.ascontiguousarray(table.pixels[index].transpose(0, 3, 1, 2))
    found = (decode(table.root / path).pixels for path in table.strings("path", rows))
    return [np.ascontiguousarray(to_channels(pixels, 3).transpose(2, 0, 1)) for pixels in found]


def verdicts(name: str, tested: dict[str, Tested]) -> list[str]:
    """Return what was claimed, and whether it holds: color < what looks at gradients < the network."""
    shares = {who: 100 * float(one.right.mean()) for who, one in tested.items()}
    shares["the best"] = max(share for who, share in shares.items() if who != NETWORK)
    lines = [
        judged(who, shares[who], least, unit=" %")
        for (data, who), least in LEAST.items()
        if data == name and who in shares
    ]
    found = compared(tested)
    steps = [(who, "color-linear") for who in ON_GRADIENTS] + [(NETWORK, who) for who in ON_GRADIENTS]
    return lines + [beats(*step, *found[step]) for step in steps if step in found]


def compared(tested: dict[str, Tested]) -> dict[tuple[str, str], tuple[Paired, float]]:
    """Return each pair, either way round, with its p-value after Holm's correction over all pairs."""
    names = list(combinations(tested, 2))
    found = [compare(tested[one].right, tested[other].right) for one, other in names]
    adjusted = holm([pair.p for pair in found])
    forth = {pair: (result, p) for pair, result, p in zip(names, found, adjusted, strict=True)}
    return forth | {(other, one): (result.turned(), p) for (one, other), (result, p) in forth.items()}


def beats(one: str, other: str, pair: Paired, p: float) -> str:
    """Return whether one recognizer beats another."""
    verdict = "reached" if pair.difference > 0 and p <= _LEVEL else "NOT reached"
    alone = f"right alone {pair.only_first:.0f} times against {pair.only_second:.0f}"
    chance = f"p = {p:.2g}" if p else "p < 1e-300"
    return f"- {one} beats {other}: {alone}, {chance} after Holm: **{verdict}**"


if __name__ == "__main__":
    sys.exit(main())
