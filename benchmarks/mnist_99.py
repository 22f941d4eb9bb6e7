"""How many seconds of training until 99 % of MNIST's 10,000 test pictures are right?

    python benchmarks/mnist_99.py [SEED ...] [--model NAME] [--set FIELD=VALUE ...]

The peer is the recipe of PyTorch's MNIST example: two convolutions of 32 and 64 maps, pooling, dropout, two linear
layers; Adadelta with lr 1, times 0.7 an epoch; batches of 64 through a DataLoader in the main process, each picture by
Pillow, ToTensor and Normalize; the test pictures are answered after every epoch. Its clock stops after the first epoch
that reaches 99 %. Ours is a recipe of `striate train`, with its choice of a plan, its validation, its checkpoints and
its one look at the test pictures at the end; its clock stops there, and it counts only if they say 99 %. The data is in
memory when either clock starts; the audit, which looks at every picture once, is not in it. Three seeds, in turns; a
seed's row is kept as soon as it is there: where seeds are named, beside the rows of the others; else in place of all
that was kept before.
"""

import argparse
import os
import sys
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import numpy as np
import torch
import torch.nn.functional as F
from pairs import judged, keep, kept_before, options
from peers import torchvision
from PIL import Image
from real_data import root
from torch import Tensor, nn
from torch.utils.data import DataLoader, Dataset

from striate.data.audit import audit
from striate.data.examine import with_hashes
from striate.data.split import split
from striate.data.table import Table
from striate.sources import open_table
from striate.train import defaults
from striate.train.begin import look_at
from striate.train.fit import Data, fit
from striate.train.recipe import merge, settings_to_values

PACKAGES = ("striate", "torch", "torchvision", "numpy", "pillow")
MUST, GOAL = 10.0, 0.99
SEEDS = (20, 21, 22)  # not those that our settings were found with, 0 to 4, nor 10 to 12, which others were tried on
SETTINGS = (
    "preprocess.size=28", "epochs=4", "batch_size=160", "optimizer.lr=0.006", "augment.shift=0",
    "loss.label_smoothing=0.05", "average=0.98",
)  # fmt: skip
MOST_EPOCHS = 14  # the example's
_VAL = 0.02  # of the training pictures: the recipe's choice is made already


@dataclass(frozen=True)
class Reached:
    """How far a training came: seconds on the clock when it stopped, the share that was right, and after how much."""

    seconds: float
    accuracy: float
    epochs: int


class Digits(Dataset):
    """Pictures and labels as `torchvision.datasets.MNIST` gives them: a tensor, to Pillow, through the transform."""

    def __init__(self, images: np.ndarray, labels: np.ndarray) -> None:
        v1 = torchvision.transforms
        self.images, self.labels = torch.tensor(images), torch.tensor(labels)
        self.transform = v1.Compose([v1.ToTensor(), v1.Normalize((0.1307,), (0.3081,))])

    def __len__(self) -> int:
        return len(self.images)

    def __getitem__(self, index: int) -> tuple[Tensor, int]:
        return self.transform(Image.fromarray(self.images[index].numpy())), int(self.labels[index])


class Net(nn.Module):
    """The example's network."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(1, 32, 3, 1)
        self.conv2 = nn.Conv2d(32, 64, 3, 1)
        self.dropout1 = nn.Dropout(0.25)
        self.dropout2 = nn.Dropout(0.5)
        self.fc1 = nn.Linear(9216, 128)
        self.fc2 = nn.Linear(128, 10)

    def forward(self, x: Tensor) -> Tensor:
        """Return logarithms of probabilities."""
        x = F.relu(self.conv2(F.relu(self.conv1(x))))
        x = self.dropout1(F.max_pool2d(x, 2)).flatten(1)
        x = self.dropout2(F.relu(self.fc1(x)))
        return F.log_softmax(self.fc2(x), dim=1)


def main() -> int:
    """Train both with every seed, or those that are named; print the table and keep it."""
    asked = _asked()
    torch.set_num_threads(asked.threads)
    table = open_table("mnist", data_root=root())
    train, test = _pictures(table, quick=asked.quick)
    rows = _kept(asked) if asked.seeds and not asked.quick else {}
    with tempfile.TemporaryDirectory() as place:
        os.environ["STRIATE_CACHE"] = f"{place}/cache"
        data = _data(table)
        for seed in asked.seeds or (SEEDS[:1] if asked.quick else SEEDS):
            turns = [lambda s=seed: ours(data, asked, s, Path(place)), lambda s=seed: example(train, test, asked, s)]
            done = [turn() for turn in turns[:: -1 if seed % 2 else 1]]
            rows[seed] = row(seed, *done[:: -1 if seed % 2 else 1])
            keep("mnist_99", in_words(rows, asked), asked, PACKAGES)
    print("\n".join(in_words(rows, asked)))
    return 0


def _asked() -> argparse.Namespace:
    parser = options(__doc__)
    parser.add_argument("seeds", nargs="*", type=int, metavar="SEED", help=f"of {', '.join(map(str, SEEDS))}")
    parser.add_argument("--model", default="lenet5_modern", help="of our recipe")
    parser.add_argument("--set", action="append", dest="settings", help=f"a field of it; by default {SETTINGS}")
    asked = parser.parse_args()
    asked.settings = asked.settings or [*SETTINGS, f"plan.threads={asked.threads}"]  # as many as the peer has
    unknown = set(asked.seeds) - set(SEEDS)
    if unknown:
        parser.error(f"no seed here is {', '.join(map(str, sorted(unknown)))}; choose of {', '.join(map(str, SEEDS))}")
    return asked


def _pictures(table: Table, *, quick: bool) -> tuple[Digits, Digits]:
    """Return what the peer trains on, and what it answers."""
    pixels, labels = table.pixels[table.columns["index"].to_numpy(), :, :, 0], table.labels
    if quick:
        return Digits(pixels[:2_000], labels[:2_000]), Digits(pixels[-500:], labels[-500:])
    sides = [table.columns["split"].to_numpy(zero_copy_only=False) == side for side in ("train", "test")]
    train, test = (Digits(pixels[side], labels[side]) for side in sides)
    return train, test


def ours(data: Data, asked: argparse.Namespace, seed: int, place: Path) -> Reached:
    """Train by our recipe and look at the test pictures once."""
    wanted = merge({"seed": seed, "model": asked.model}, settings_to_values(asked.settings))
    if asked.quick:
        wanted = merge(wanted, {"epochs": 1})
    rows = data.readable("train")
    recipe = defaults.resolve(data.table, rows, look_at(data.audit, rows, data.table), asked.model, wanted)
    began = time.perf_counter()
    run = fit(data, recipe, place / f"run{seed}", quiet=True)
    seconds = time.perf_counter() - began
    reached = Reached(seconds, run.metrics["test"]["accuracy"]["value"], recipe.epochs)
    _say("ours", seed, reached)
    return reached


def example(train: Digits, test: Digits, asked: argparse.Namespace, seed: int) -> Reached:
    """Train as the example does until the test pictures say 99 %."""
    torch.set_num_threads(asked.threads)
    torch.manual_seed(seed)
    began = time.perf_counter()
    network = Net()
    optimizer = torch.optim.Adadelta(network.parameters(), lr=1.0)
    schedule = torch.optim.lr_scheduler.StepLR(optimizer, step_size=1, gamma=0.7)
    loader, later = DataLoader(train, batch_size=64, shuffle=True), DataLoader(test, batch_size=1000)
    accuracy, epoch = 0.0, 0
    while accuracy < GOAL and epoch < (1 if asked.quick else MOST_EPOCHS):
        network.train()
        for images, labels in loader:
            optimizer.zero_grad()
            F.nll_loss(network(images), labels).backward()
            optimizer.step()
        network.eval()
        with torch.no_grad():
            right = sum(int((network(images).argmax(1) == labels).sum()) for images, labels in later)
        accuracy, epoch = right / len(test), epoch + 1
        schedule.step()
        _say("PyTorch's example", seed, Reached(time.perf_counter() - began, accuracy, epoch))
    return Reached(time.perf_counter() - began, accuracy, epoch)


def _say(side: str, seed: int, so_far: Reached) -> None:
    told = f"{100 * so_far.accuracy:.2f} % after {so_far.epochs} epochs, {so_far.seconds:.1f} s"
    print(f"{side}, seed {seed}: {told}", file=sys.stderr, flush=True)


def row(seed: int, our: Reached, their: Reached) -> str:
    """Return one line of the table; where ours did not reach 99 %, its ratio is 0."""
    cells = [f"{r.seconds:.1f} s | {100 * r.accuracy:.2f} % | {r.epochs}" for r in (our, their)]
    ratio = their.seconds / our.seconds if our.accuracy >= GOAL else 0.0
    return f"| {seed} | {' | '.join(cells)} | {ratio:.2f}x |"


def in_words(rows: Mapping[int, str], asked: argparse.Namespace) -> list[str]:
    """Return the table and the verdict.

    Args:
        rows: what `row` made, by seed.
        asked: what the command line says.
    """
    ratios = {seed: float(line.strip("| ").split("|")[-1].rstrip("x")) for seed, line in rows.items()}
    missed = [str(seed) for seed, ratio in ratios.items() if not ratio]
    return [
        *_above(asked),
        *(rows[seed] for seed in sorted(rows)),
        "",
        f"Of {len(SEEDS)} seeds {len(rows)} are measured.",
        "",
        judged("seconds to 99 % against PyTorch's example, median of the seeds", median(ratios.values()), MUST),
        f"- Seeds of ours that stayed below 99 %: {', '.join(missed) or 'none'}.",
    ]


def _above(asked: argparse.Namespace) -> list[str]:
    return [
        f"Ours: `striate train mnist --model {asked.model}{''.join(f' --set {field}' for field in asked.settings)}`.",
        "",
        "| seed | ours | test accuracy | epochs | PyTorch's example | test accuracy | epochs | ratio |",
        "|---:|---:|---:|---:|---:|---:|---:|---:|",
    ]


def _kept(asked: argparse.Namespace) -> dict[int, str]:
    return {int(line.split("|")[1]): line for line in kept_before("mnist_99", _above(asked), asked, PACKAGES)}


def _data(table: Table) -> Data:
    """Return the table, split and audited; a small part of the training pictures validates."""
    table = with_hashes(table, quiet=True)
    made = split(table, val=_VAL, test=0.0, salt=0)
    return Data(table, made, audit(table, sides=made.sides, quiet=True), str(root()))


if __name__ == "__main__":
    sys.exit(main())
