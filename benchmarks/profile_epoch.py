"""Where does the time of an epoch go, and how near is it to what this processor can do? Writes docs/profile.md.

    python benchmarks/profile_epoch.py

One epoch of resnet20 on CIFAR-10 and of lenet5_modern on MNIST, as `striate train` runs them, with clocks around the
parts of its loop. The limits are measured in the same process: the rate of large matrix products in float32 and bf16,
which no arithmetic of a network exceeds, and the rate at which libjpeg-turbo alone decodes.
"""

import os
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from statistics import median

import simplejpeg
import torch
from overhead import table
from pairs import cores, options, seconds_of
from pictures import make_folder
from real_data import root, write_part_of_cifar10
from results import machine
from stopwatch import BACKWARD, FORWARD, OPTIMIZER, watch_training

from striate import zoo
from striate.core.files import write_text
from striate.data.augment import Augment
from striate.data.batches import Batches
from striate.data.preprocess import Preprocess
from striate.data.store import Store
from striate.inside.arithmetic import multiply_accumulates
from striate.sources import open_table
from striate.train.run import Run

PAGE = Path(__file__).parents[1] / "docs" / "profile.md"
PACKAGES = ("striate", "torch", "simplejpeg", "numpy")
_SIDE = 2048  # of the matrices
_FORWARD_AND_BACKWARD = 3  # times the forward pass: the backward pass computes as much for inputs and for weights


def main() -> int:
    """Measure, print the page, and write it unless this is a short try."""
    parser = options(__doc__)
    asked = parser.parse_args()
    torch.set_num_threads(asked.threads)
    rates = {name: matrix_rate(kind) for name, kind in (("float32", torch.float32), ("bf16", torch.bfloat16))}
    settings = {} if asked.threads == cores() else {"plan.threads": asked.threads}
    with tempfile.TemporaryDirectory() as place:
        os.environ["STRIATE_CACHE"] = f"{place}/cache"
        folder = Path(place)
        cifar = write_part_of_cifar10(folder / "data", train=1_000 if asked.quick else 10_000)
        parts = []
        for source, model, data in (("cifar10", "resnet20", cifar), ("mnist", "lenet5_modern", root())):
            seconds, run = watch_training(
                source, model=model, epochs=1, out=folder / model, data_root=data, settings=settings, quiet=True
            )
            parts += epoch_in_words(source, seconds, run, rates)
        parts += decoding_in_words(folder, 60 if asked.quick else 600, asked.threads)
    lines = [*HEAD, f"_{machine(PACKAGES)}; {asked.threads} threads_", "", *limits_in_words(rates), *parts]
    print("\n".join(lines))
    if not asked.quick:
        write_text(PAGE, "\n".join(lines).rstrip() + "\n")
    return 0


HEAD = [
    "# Where the time goes",
    "",
    "Written by `python benchmarks/profile_epoch.py`, on the machine it names. A part's time is its own: what it calls",
    "that has a line too is counted there. Pictures are read in threads beside; only waiting for them is counted.",
    "",
]


def matrix_rate(kind: torch.dtype) -> float:
    """Return multiply-accumulates a second of products of large matrices."""
    left, right = torch.randn(_SIDE, _SIDE).to(kind), torch.randn(_SIDE, _SIDE).to(kind)
    seconds = [seconds_of(lambda: left @ right) for _ in range(8)]
    return _SIDE**3 / min(seconds[1:])  # the fastest: a limit


def limits_in_words(rates: dict[str, float]) -> list[str]:
    """Return what this machine can do at most."""
    told = " and ".join(f"{rate / 1e9:.0f} billion a second in {name}" for name, rate in rates.items())
    return [f"Multiply-accumulates of products of two matrices of {_SIDE} x {_SIDE}: {told}.", ""]


def epoch_in_words(source: str, seconds: dict[str, float], run: Run, rates: dict[str, float]) -> list[str]:
    """Return one epoch's table, and how near its arithmetic is to the limit."""
    recipe = run.recipe
    count = len(run.split.rows("train"))
    shape = (recipe.preprocess.channels, *recipe.preprocess.size)
    network = zoo.create(recipe.model, num_classes=10, in_channels=shape[0], image_size=recipe.preprocess.size)
    work = _FORWARD_AND_BACKWARD * count * multiply_accumulates(network, shape)
    took = sum(seconds[name] for name in (FORWARD, BACKWARD, OPTIMIZER, "loss"))
    precision = "bf16" if recipe.plan.precision == "bf16" else "float32"
    share = 100 * work / took / rates[precision]
    return [
        f"## {recipe.model}, one epoch of {count:,} pictures ({source}), batches of {recipe.batch_size}",
        "",
        f"Plan: {recipe.plan.words()}.",
        "",
        *table([seconds]),
        "",
        " ".join(
            [
                f"Convolutions and matrix products: {work / 1e9:,.0f} billion multiply-accumulates (a third of them",
                f"forward) in {took:.1f} s, {work / took / 1e9:.1f} billion a second: {share:.0f} % of the rate of",
                f"large matrix products in {precision}. What is missing goes to norms, activations and pooling, which",
                "move memory and multiply little, and to convolutions of few channels, which fill no vector unit.",
            ]
        ),
        "",
    ]


def decoding_in_words(folder: Path, count: int, threads: int) -> list[str]:
    """Return how near reading batches of 224 pixels from JPEGs is to libjpeg-turbo's own rate."""
    pictures = make_folder(folder / "pictures", count, (500, 375))
    files = [path.read_bytes() for path in sorted(pictures.rglob("*.jpg"))]
    with ThreadPoolExecutor(threads) as pool:
        alone = [count / seconds_of(lambda: list(pool.map(simplejpeg.decode_jpeg, files))) for _ in range(4)]
    read = opened(pictures, threads)
    share = 100 * median(read) / median(alone)
    return [
        "## Decoding",
        "",
        " ".join(
            [
                f"{count:,} made JPEGs of 500x375 from the system's memory, {threads} threads: libjpeg-turbo alone",
                f"decodes {median(alone):.0f} a second, at full size and without reading the file. Training batches at",
                f"224 pixels, read, decoded, cropped and resized without a store: {median(read):.0f} a second,",
                f"{share:.0f} % of that.",
            ]
        ),
        "",
    ]


def opened(pictures: Path, threads: int) -> list[float]:
    """Return pictures a second of some epochs of training batches from the files themselves."""
    table_ = open_table(pictures)
    preprocess = Preprocess(size=224, mean=(0.5,) * 3, std=(0.25,) * 3)
    store = Store(table_, preprocess, threads=threads)
    augment = Augment(crop=(0.08, 1.0), flip="horizontal")
    batches = Batches(store, torch.arange(len(table_)).numpy(), batch_size=64, seed=0, augment=augment)
    rates = [len(table_) / seconds_of(lambda epoch=epoch: list(batches.ahead(epoch))) for epoch in range(1, 4)]
    store.close()
    return rates


if __name__ == "__main__":
    sys.exit(main())
