"""How many pictures a second come from a folder of JPEGs as training batches, with random-resized crops, mirrored?

    python benchmarks/loading.py

2,048 made photographs of 500x375 at 64 and at 224 pixels, and 256 of 1600x1200 at 224. Ours reads as a training of 15
epochs does: the first epoch reads the files, the second fills the store where that pays, later ones read from it; of
those two are timed, the first of them and one that finds the store's pages in place, as all but the first do. The
peer is torchvision's ImageFolder, RandomResizedCrop(0.08 to 1), RandomHorizontalFlip, ToTensor and Normalize in a
DataLoader with two workers, which are running already: its epochs are all alike. Both give float32 batches of 64. The
files are in the system's memory on both sides. As in a training, memory that a batch frees is kept for the next, and
threads of the arithmetic that wait for each other sleep; on the peer's side nothing computes beside its workers.

What no reading can do without is decoding Huffman's codes: how fast libjpeg-turbo does that (at an eighth of the size,
where little else is left to do, in as many threads as ours) is told beside what ours reaches in the first epoch.

`striate train` looks at every file once before, to find bad files, copies and leaks, and remembers what it saw: that
costs ours a pass of its own the first time that a folder is used, shown in a line of its own.
"""

# ruff: noqa: E402 (what says how threads wait must be said before torch is imported)
from striate.core.waiting import spin_briefly

spin_briefly()  # as the command line does

import argparse
import os
import shutil
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import simplejpeg
import torch
from pairs import Timings, judged, options, seconds_of, tell
from peers import torchvision
from pictures import describe, make_folder
from PIL import Image
from torch.utils.data import DataLoader

from striate.data.augment import Augment, apply, draw
from striate.data.batches import Batches
from striate.data.decode import decode
from striate.data.examine import examine, with_hashes
from striate.data.pack import Wish
from striate.data.pack_automatic import automatic
from striate.data.preprocess import Preprocess
from striate.data.store import Store
from striate.data.table import Table
from striate.runtime import memory
from striate.sources import open_table

PACKAGES = ("striate", "torch", "torchvision", "pillow", "simplejpeg", "numpy")
FIRST, SECOND, LATER, PEER = "ours, first epoch", "ours, second epoch", "ours, later epochs", "torchvision"
ROUNDS, LONGEST = 6, 80.0  # rounds at most, and seconds after which no other begins
EPOCHS, BATCH, WORKERS = 15, 64, 2
CROP = (0.08, 1.0)
_MEAN, _STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
_ALIKE = 6.0  # levels of 255: mean difference of a pixel between a crop of ours and Pillow's of the whole picture


@dataclass(frozen=True)
class Case:
    """Pictures of one size, read for one size of input; `must` of the first epoch and of later ones, None: no limit."""

    size: tuple[int, int]
    count: int
    pixels: int
    must: tuple[float, float | None]


CASES = (  # whole batches, as many for either worker of the peer: of 200 pictures one would have to read 128
    Case((500, 375), 2_048, 64, (1.5, 5.0)),
    Case((500, 375), 2_048, 224, (1.5, 2.0)),
    Case((1600, 1200), 256, 224, (3.0, None)),
)


class Ours:
    """Our side: a folder, read again and again; `first` begins a store, `later` finds it."""

    def __init__(self, folder: Path, pixels: int, place: Path) -> None:
        self.table = with_hashes(open_table(folder), quiet=True)
        self.preprocess = Preprocess(size=pixels, mean=_MEAN, std=_STD)
        self.augment = Augment(crop=CROP, flip="horizontal")
        self.place = place
        self.store: Store | None = None
        self.epoch = 0

    def forget(self) -> None:
        """Have no store, as before the first training."""
        self.close()
        shutil.rmtree(self.place / "stores", ignore_errors=True)

    def first(self) -> None:
        """Open the store as a training does that begins, and read an epoch."""
        wish = Wish(table=self.table, preprocess=self.preprocess, crop=CROP, quiet=True)
        self.store = Store(self.table, self.preprocess, packed=automatic(wish, "auto", EPOCHS))
        self.later()

    def later(self) -> None:
        """Read an epoch from the store."""
        self.epoch += 1
        batches = Batches(self.store, np.arange(len(self.table)), batch_size=BATCH, seed=0, augment=self.augment)
        for batch in batches.ahead(self.epoch):
            self.preprocess.normalize(apply(torch.from_numpy(batch.images), batch.draws))

    def twice(self) -> None:
        """Read two epochs."""
        self.later()
        self.later()

    def close(self) -> None:
        """Let the reading threads go."""
        if self.store is not None:
            self.store.close()


def main() -> int:
    """Measure every case, print the table and keep it."""
    asked = options(__doc__).parse_args()
    torch.set_num_threads(asked.threads)
    lines = [
        "| pictures | input | torchvision | ours, first epoch | ratio | second | ratio | later | ratio |",
        "|---|---:|---:|---:|---:|---:|---:|---:|---:|",
    ]
    verdicts, notes = [], []
    with tempfile.TemporaryDirectory() as place:
        os.environ["STRIATE_CACHE"] = f"{place}/cache"
        for case in CASES:
            folder = _folder(Path(place), case, quick=asked.quick)
            table = open_table(folder)
            if not (Path(place) / "cache").exists() or case.must[1] is None:
                audit = len(table) / seconds_of(lambda table=table: examine(table, quiet=True))
                notes.append(
                    f"- looking at {describe(folder)} of {_words(case.size)} once: {audit:.0f} pictures a second"
                )
            ours = Ours(folder, case.pixels, Path(place) / "cache")
            loader = peer(folder, case.pixels)
            with memory.kept():
                timings = measure(ours, loader, asked)
            lines.append(row(case, len(table), timings))
            verdicts += judge(case, timings)
            notes.append(limit(table, case, timings))
            notes.append(alike(table, loader, case))
            ours.close()
    tell("loading", [*lines, "", *verdicts, "", *notes], asked, PACKAGES)
    return 0


def measure(ours: Ours, loader: DataLoader, asked: argparse.Namespace) -> Timings:
    """Time an epoch of the peer beside the first four of a training of ours, the peer first in every second round.

    Before each of the two, what is still to be written to the disk is written: it is no part of either.
    """
    seconds: dict[str, list[float]] = {side: [] for side in (FIRST, SECOND, LATER, PEER)}
    exhaust(loader)  # its workers are there from now on
    ours.first()
    began = time.perf_counter()
    for number in range(2 if asked.quick else ROUNDS):
        if number >= 3 and time.perf_counter() - began > LONGEST:
            break
        own = [(FIRST, ours.first), (SECOND, ours.later), (LATER, ours.twice)]
        theirs = [(PEER, lambda: exhaust(loader))]
        for side, epoch in [*theirs, *own] if number % 2 else [*own, *theirs]:
            if side == FIRST:
                ours.forget()
            if side in {FIRST, PEER}:
                os.sync()
            seconds[side].append(seconds_of(epoch) / (2 if side == LATER else 1))
    return Timings(seconds)


def peer(folder: Path, pixels: int) -> DataLoader:
    """Return torchvision's loader, as its reference training reads."""
    v1 = torchvision.transforms
    transform = v1.Compose(
        [
            v1.RandomResizedCrop(pixels, scale=CROP),
            v1.RandomHorizontalFlip(),
            v1.ToTensor(),
            v1.Normalize(_MEAN, _STD),
        ]
    )
    dataset = torchvision.datasets.ImageFolder(folder, transform)
    return DataLoader(dataset, batch_size=BATCH, shuffle=True, num_workers=WORKERS, persistent_workers=True)


def exhaust(loader: DataLoader) -> None:
    """Read an epoch."""
    for images, _ in loader:
        assert images.dtype == torch.float32


def row(case: Case, count: int, timings: Timings) -> str:
    """Return one line of the table, in pictures a second."""
    rates = {side: f"{count / timings.middle(side):.0f}" for side in timings.seconds}
    cells = [rates[PEER]]
    for side in (FIRST, SECOND, LATER):
        cells += [rates[side], str(timings.ratio(side, PEER))]
    return f"| {count:,} of {_words(case.size)} | {case.pixels} | {' | '.join(cells)} |"


def judge(case: Case, timings: Timings) -> list[str]:
    """Return a line for each limit of the case."""
    name = f"{_words(case.size)} at {case.pixels} pixels"
    limits = zip((FIRST, LATER), case.must, strict=True)
    return [judged(f"{name}, {side}", timings.ratio(side, PEER).middle, must) for side, must in limits if must]


def limit(table: Table, case: Case, timings: Timings) -> str:
    """Return a line on how close the first epoch is to what decoding Huffman's codes alone allows."""
    files = [table.path(row_).read_bytes() for row_ in range(min(len(table), 200))]

    def decode_all() -> None:
        with ThreadPoolExecutor(WORKERS) as threads:
            list(threads.map(_eighth, [files[part::WORKERS] for part in range(WORKERS)]))

    decode_all()
    most = len(files) / min(seconds_of(decode_all) for _ in range(3))
    first, peers = len(table) / timings.middle(FIRST), len(table) / timings.middle(PEER)
    return (
        f"- libjpeg-turbo decodes {most:.0f} of {_words(case.size)} a second whole at an eighth of the size, which is "
        f"Huffman's codes for the most part: {most / peers:.1f}x of torchvision's reading. Ours, first epoch "
        f"at {case.pixels} pixels, reaches {first / most:.0%} of it"
    )


def _eighth(files: list[bytes]) -> None:
    for data in files:
        simplejpeg.decode_jpeg(data, "RGB", min_height=8, min_width=8)


def alike(table: Table, loader: DataLoader, case: Case) -> str:
    """Return a line on whether both sides cut alike: the same crop of some pictures, and the areas that are drawn."""
    preprocess = Preprocess(size=case.pixels, mean=_MEAN, std=_STD)
    rows = np.arange(0, len(table), max(1, len(table) // 50))
    drawn = draw(Augment(crop=CROP), 0, 1, np.arange(1_000))
    store = Store(table, preprocess)
    images, _ = store.read(rows, drawn.crops[: len(rows)])
    store.close()
    apart = []
    for row_, crop, image in zip(rows, drawn.crops, images, strict=False):
        whole = Image.fromarray(decode(table.path(int(row_))).pixels)
        cut = whole.resize((case.pixels, case.pixels), Image.Resampling.BILINEAR, crop.box(whole.height, whole.width))
        apart.append(np.abs(np.asarray(cut, np.float32).transpose(2, 0, 1) - image).mean())
    width, height = case.size
    cutter, picture = loader.dataset.transform.transforms[0], torch.empty(3, height, width)
    boxes = [cutter.get_params(picture, CROP, cutter.ratio) for _ in range(1_000)]
    theirs = np.mean([down * across for _, _, down, across in boxes]) / (height * width)
    corners = np.array([crop.box(height, width) for crop in drawn.crops])
    mine = np.mean((corners[:, 2] - corners[:, 0]) * (corners[:, 3] - corners[:, 1])) / (height * width)
    line = judged(f"same crops at {case.pixels} pixels, mean difference from Pillow's of the whole picture",
                  float(np.mean(apart)), _ALIKE, unit=" of 255", most=True)  # fmt: skip
    return f"{line}; mean share of the area of 1,000 crops {mine:.2f}, torchvision's {theirs:.2f}"


def _folder(place: Path, case: Case, *, quick: bool) -> Path:
    folder = place / _words(case.size)
    return folder if folder.exists() else make_folder(folder, case.count // 10 if quick else case.count, case.size)


def _words(size: tuple[int, int]) -> str:
    return f"{size[0]}x{size[1]}"


if __name__ == "__main__":
    sys.exit(main())
