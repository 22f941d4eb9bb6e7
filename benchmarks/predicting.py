"""How many pictures a second does a trained network name, from a folder of JPEGs to predictions.csv?

    python benchmarks/predicting.py

resnet18 and resnet50 at 224 pixels on made photographs of 500x375. Ours is what `striate predict` does once the
recognizer is loaded; the peers are torchvision's network, eager in float32, and the same exported to ONNX and run by
onnxruntime, both fed by a DataLoader with two workers, which are running already, through Resize and CenterCrop. The
time to load a network or to start a session is in no figure. How to answer quickest is something that ours finds out
where many pictures come, and remembers; the first time, measuring included, is a line of its own.

All three have the same weights, of a network that decides as a trained one does; `deciding.py` says how it is made.
What the network alone can do, fed with noise, is a table of its own: no way of reading pictures makes that quicker.
"""

import csv
import os
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Literal

import numpy as np
import onnxruntime
import torch
from deciding import MEAN, PREPROCESS, SIZE, STD, deciding, label_of
from pairs import Timings, in_turns, judged, options, seconds_of, tell
from peers import torchvision
from pictures import CLASSES, describe, make_folder
from PIL import Image
from torch import Tensor, nn
from torch.utils.data import DataLoader, Dataset

import striate
from striate import zoo
from striate.recognize.recognizer import NetworkRecognizer
from striate.runtime import memory
from striate.runtime.ways import EAGER as AS_IT_IS
from striate.runtime.ways import prepare, quick

PACKAGES = ("striate", "torch", "torchvision", "onnxruntime", "numpy", "pillow", "simplejpeg")
OURS, EAGER, ONNX, REFERENCE = "ours", "torchvision", "onnxruntime", "the reference plan"
MUST = {EAGER: 2.0, ONNX: 1.2}
MODELS = {"resnet18": (800, 400), "resnet50": (640, 160)}  # pictures the first time, and in a turn
# Percent of the pictures that must get the same answer. The reference plan is given the same pixels; those of the peers
# differ in the last bit, which turns an answer whose two best classes are as near as that.
AGREE = {REFERENCE: 100.0, EAGER: 99.0, ONNX: 99.0}

_CLASSES = tuple(f"class{number}" for number in range(CLASSES))
_ALONE = 32  # pictures at once, of the network alone


class Files(Dataset):
    """Pictures as torchvision's examples read them."""

    def __init__(self, paths: list[Path]) -> None:
        v1 = torchvision.transforms
        self.paths = paths
        self.transform = v1.Compose([v1.Resize(256), v1.CenterCrop(224), v1.ToTensor(), v1.Normalize(MEAN, STD)])

    def __len__(self) -> int:
        return len(self.paths)

    def __getitem__(self, index: int) -> tuple[Tensor, str]:
        with Image.open(self.paths[index]) as picture:
            return self.transform(picture.convert("RGB")), str(self.paths[index])


def main() -> int:
    """Measure both networks, print the tables and keep them."""
    asked = options(__doc__).parse_args()
    torch.set_num_threads(asked.threads)
    lines, limits, verdicts = [], [], []
    with tempfile.TemporaryDirectory() as place:
        os.environ["STRIATE_CACHE"] = f"{place}/cache"
        for model, (many, few) in MODELS.items():
            folder = Path(place) / model
            counts = (64, 32) if asked.quick else (many, few)
            table, bare, judged_lines = measure(model, folder, counts, asked.threads, quick=asked.quick)
            lines += table
            limits += bare
            verdicts += judged_lines
        pictures = describe(folder / "many")
    told = [f"500x375: {pictures}.", "", *HEAD, *lines, "", *verdicts, "", *ALONE, *limits]
    tell("predicting", told, asked, PACKAGES)
    return 0


HEAD = [
    "| network | ours | torchvision | ratio | onnxruntime | ratio | ours the first time, measuring included |",
    "|---|---:|---:|---:|---:|---:|---:|",
]

ALONE = [
    f"The network alone, in batches of {_ALONE}, pictures a second. In the last column the C library keeps the memory",
    "that is freed for the next batch, as ours has it do while it answers; by itself torch fetches new pages for every",
    "map. onnxruntime keeps its own.",
    "",
    "| network | way | alone | with memory kept |",
    "|---|---|---:|---:|",
]


def measure(
    model: str, folder: Path, counts: tuple[int, int], threads: int, *, quick: bool
) -> tuple[list[str], list[str], list[str]]:
    """Return the line of the table, those of the network alone, and the verdicts, for one network."""
    many, few = (
        make_folder(folder / name, count, SIZE, told_by="color")
        for name, count in zip(("many", "few"), counts, strict=True)
    )
    peer = deciding(model, folder / "fitted")
    recognizer = saved(model, peer, folder / "recognizer")
    loader = DataLoader(Files(files_of(few)), batch_size=64, num_workers=2, persistent_workers=True)
    session = exported(peer, folder / "network.onnx", threads)
    out = {side: folder / f"{side}.csv" for side in (OURS, *AGREE)}
    first = seconds_of(lambda: answer(recognizer, many, folder / "first.csv"))
    sides: dict[str, Callable[[], object]] = {
        OURS: lambda: answer(recognizer, few, out[OURS]),
        EAGER: lambda: write(out[EAGER], by_torchvision(peer, loader, threads)),
        ONNX: lambda: write(out[ONNX], by_onnxruntime(session, loader)),
    }
    timings = in_turns(sides, rounds=3 if quick else 9, most_seconds=10 if quick else 25)
    answer(recognizer, few, out[REFERENCE], plan="reference")
    line = row(model, timings, counts, first)
    verdicts = [judged(f"{model} against {name}", timings.ratio(OURS, name).middle, MUST[name]) for name in MUST]
    right = np.mean([_CLASSES[label_of(Path(picture))] == name for picture, name in answers_in(out[EAGER]).items()])
    verdicts.append(f"- {model}: torchvision's answers are right for {100 * right:.0f} % of the pictures")
    verdicts += [
        judged(f"{model}: pictures with the same answer as {name}'s", same(out[OURS], out[name]), least, unit=" %")
        for name, least in AGREE.items()
    ]
    return [line], alone(model, recognizer, session), verdicts


def alone(model: str, recognizer: NetworkRecognizer, session: onnxruntime.InferenceSession) -> list[str]:
    """Return lines with the rate of the network alone by each way, as pictures a second in batches of `_ALONE`."""
    network, plan = recognizer.network, recognizer.plan
    images = torch.randn(_ALONE, 3, 224, 224)
    laid = images.contiguous(memory_format=torch.channels_last)
    name, ways = session.get_inputs()[0].name, [AS_IT_IS, *quick(plan, network)]
    forwards = {way: prepare(way, network, plan) for way in ways}
    with torch.inference_mode():
        sides: dict[str, Callable[[], object]] = {
            way.words(): lambda way=way: forwards[way](laid)
            for way in ways  # type: ignore[misc]
        }
        sides[ONNX] = lambda: session.run(None, {name: images.numpy()})
        fresh = in_turns(sides, rounds=3)
        with memory.kept():
            kept = in_turns(sides, rounds=3)
    rates = [[f"{_ALONE / timings.middle(side):.1f}" for timings in (fresh, kept)] for side in sides]
    return [f"| {model} | {side} | {' | '.join(rate)} |" for side, rate in zip(sides, rates, strict=True)]


def row(model: str, timings: Timings, counts: tuple[int, int], first: float) -> str:
    """Return one line of the table, in pictures a second."""
    rates = {side: f"{counts[1] / timings.middle(side):.1f}" for side in timings.seconds}
    ratios = {peer: str(timings.ratio(OURS, peer)) for peer in MUST}
    cells = [rates[OURS], rates[EAGER], ratios[EAGER], rates[ONNX], ratios[ONNX], f"{counts[0] / first:.1f}"]
    return f"| {model} | {' | '.join(cells)} |"


def files_of(folder: Path) -> list[Path]:
    """Return the pictures in the order in which ours answers them."""
    return sorted(folder.rglob("*.jpg"))


def saved(model: str, peer: nn.Module, folder: Path) -> NetworkRecognizer:
    """Return our recognizer with the peer's weights, saved and loaded again."""
    network = zoo.create(model, num_classes=CLASSES, in_channels=3, image_size=224)
    zoo.weights.load_state(network, peer.state_dict(), layout=f"torchvision:{model}")
    NetworkRecognizer(model, {}, network, _CLASSES, PREPROCESS).save(folder)
    return striate.load(folder)


def exported(network: nn.Module, path: Path, threads: int) -> onnxruntime.InferenceSession:
    """Return an onnxruntime session of the network, for batches of any size."""
    example = torch.zeros(2, 3, 224, 224)
    torch.onnx.export(
        network, (example,), path, dynamo=True, dynamic_shapes=({0: torch.export.Dim("batch")},), verbose=False
    )
    settings = onnxruntime.SessionOptions()
    settings.intra_op_num_threads = threads
    return onnxruntime.InferenceSession(path, settings, providers=["CPUExecutionProvider"])


def answer(recognizer: NetworkRecognizer, folder: Path, out: Path, plan: Literal["auto", "reference"] = "auto") -> None:
    """Name every picture of `folder` and write the answers, as `striate predict` does."""
    write(out, ((a.picture, a.class_name, a.probability) for a in recognizer.answers([folder], plan=plan)))


def by_torchvision(network: nn.Module, loader: DataLoader, threads: int) -> Iterator[tuple[str, str, float]]:
    """Yield picture, class and probability."""
    torch.set_num_threads(threads)
    with torch.inference_mode():
        for images, names in loader:
            yield from _answers(network(images), names)


def by_onnxruntime(session: onnxruntime.InferenceSession, loader: DataLoader) -> Iterator[tuple[str, str, float]]:
    """Yield picture, class and probability."""
    name = session.get_inputs()[0].name
    for images, names in loader:
        yield from _answers(torch.from_numpy(session.run(None, {name: images.numpy()})[0]), names)


def write(path: Path, answers: Iterable[tuple[str, str | None, float | None]]) -> None:
    """Write predictions.csv."""
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(("picture", "class", "probability"))
        writer.writerows(answers)


def same(ours: Path, theirs: Path) -> float:
    """Return the percentage of pictures with the same class in two files, which must name the same pictures."""
    first, second = answers_in(ours), answers_in(theirs)
    assert first.keys() == second.keys()
    return 100 * float(np.mean([first[picture] == second[picture] for picture in first]))


def answers_in(path: Path) -> dict[str, str]:
    """Return the class of every picture of a file."""
    with path.open(newline="") as file:
        return {row["picture"]: row["class"] for row in csv.DictReader(file)}


def _answers(scores: Tensor, names: Iterable[str]) -> Iterator[tuple[str, str, float]]:
    best, winner = scores.softmax(1).max(1)
    yield from zip(names, (_CLASSES[index] for index in winner.tolist()), best.tolist(), strict=True)


if __name__ == "__main__":
    sys.exit(main())
