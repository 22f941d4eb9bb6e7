"""How good are the classic pipelines, and does one beat another on the same pictures?

    python benchmarks/classic.py caltech10 fashion-mnist cifar10

caltech10 is a folder of 400 photos to learn from and 100 to be tested on; Fashion-MNIST is whole; of CIFAR-10 the
first 10,000 training pictures and the full test set. A beats B where the pictures that only A has right outnumber those
that only B has right by more than chance: McNemar's exact test, two-sided, at 0.05.
"""

import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import torch
from numpy.typing import NDArray
from pairs import judged, options, tell
from real_data import root, write_part_of_cifar10
from scipy.stats import binomtest

from striate import classic
from striate.classic.pictures import Pictures
from striate.data.decode import decode, to_channels
from striate.data.table import Table
from striate.evaluate.intervals import wilson
from striate.sources import open_table

PACKAGES = ("striate", "torch", "scikit-learn", "scikit-image", "opencv-python-headless", "numpy")
ON_GRADIENTS = ("hog-svm", "bof-svm", "spm-svm", "vlad-svm", "fisher-svm")
PIPELINES = {
    "caltech10": tuple(classic.PIPELINES),
    "fashion-mnist": ("hog-svm",),
    "cifar10": ("color-linear", *ON_GRADIENTS, "lbp-svm", "pixels-svm", "pixels-knn", "eigen-svm"),
}
LEAST = {("fashion-mnist", "hog-svm"): 90.5, ("cifar10", "the best"): 55.0}
_LEVEL = 0.05


def main() -> int:
    """Fit and test each pipeline on each data set, print the tables and keep them."""
    parser = options(__doc__)
    parser.add_argument("data", nargs="+", choices=sorted(PIPELINES))
    parser.add_argument("--only", nargs="*", help="these pipelines")
    asked = parser.parse_args()
    torch.set_num_threads(asked.threads)
    for name in asked.data:
        with TemporaryDirectory() as folder:
            lines = measured(name, opened(name, Path(folder)), asked.only or PIPELINES[name], quick=asked.quick)
        tell(f"classic: {name}", lines, asked, PACKAGES)
    return 0


def opened(name: str, folder: Path) -> Table:
    """Return the table of a data set."""
    if name == "cifar10":
        return open_table("cifar10", data_root=write_part_of_cifar10(folder, train=10_000, test=10_000))
    if name == "fashion-mnist":
        return open_table("fashion_mnist", data_root=root() / name)
    return open_table(root() / name)


def measured(name: str, table: Table, names: tuple[str, ...], *, quick: bool) -> list[str]:
    """Return the lines of one data set: a row a pipeline, and the verdicts."""
    sides = np.array(table.strings("split"))
    train = np.flatnonzero(sides == "train")[:: 20 if quick else 1]
    test = np.flatnonzero(sides != "train")[:: 20 if quick else 1]
    images, tests = pictures(table, train), pictures(table, test)
    lines = ["| pipeline | accuracy | 95 % interval | seconds to fit | ms a picture |", "|---|---:|---|---:|---:|"]
    right: dict[str, NDArray[np.bool_]] = {}
    for pipeline in names:
        began = time.perf_counter()
        fitted = classic.create(pipeline, seed=0).fit(images, table.labels[train])
        fit = time.perf_counter()
        right[pipeline] = fitted.predict(tests) == table.labels[test]
        each = 1000 * (time.perf_counter() - fit) / len(test)
        known = wilson(int(right[pipeline].sum()), len(test))
        interval = f"{100 * known.low:.2f} to {100 * known.high:.2f}"
        lines.append(f"| {pipeline} | {100 * known.value:.2f} % | {interval} | {fit - began:.0f} | {each:.2f} |")
        print(lines[-1], flush=True)
    return [f"{len(train):,} pictures to learn from, {len(test):,} to test.", "", *lines, "", *verdicts(name, right)]


def pictures(table: Table, rows: NDArray[np.int64]) -> Pictures:
    """Return pictures (N, C, H, W), or a list of (3, H, W) where their sizes differ."""
    if table.pixels is not None:
        index = table.columns["index"].to_numpy()[rows]
        return np.ascontiguousarray(table.pixels[index].transpose(0, 3, 1, 2))
    found = (decode(table.root / path).pixels for path in table.strings("path", rows))
    return [np.ascontiguousarray(to_channels(pixels, 3).transpose(2, 0, 1)) for pixels in found]


def verdicts(name: str, right: dict[str, NDArray[np.bool_]]) -> list[str]:
    """Return what was claimed, and whether it holds."""
    shares = {pipeline: 100 * float(each.mean()) for pipeline, each in right.items()}
    shares["the best"] = max(shares.values())
    lines = [
        judged(pipeline, shares[pipeline], least, unit=" %")
        for (data, pipeline), least in LEAST.items()
        if data == name and pipeline in shares
    ]
    if "color-linear" not in right:
        return lines
    return lines + [beaten(pipeline, right) for pipeline in ON_GRADIENTS if pipeline in right]


def beaten(pipeline: str, right: dict[str, NDArray[np.bool_]]) -> str:
    """Return whether a pipeline beats `color-linear`."""
    ours, theirs = right[pipeline], right["color-linear"]
    wins, losses = int((ours & ~theirs).sum()), int((theirs & ~ours).sum())
    chance = float(binomtest(wins, max(1, wins + losses)).pvalue)
    verdict = "reached" if wins > losses and chance < _LEVEL else "NOT reached"
    return (
        f"- {pipeline} beats color-linear: right alone {wins} times against {losses}, p = {chance:.2g}: **{verdict}**"
    )


if __name__ == "__main__":
    sys.exit(main())
