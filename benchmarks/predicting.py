"""How many pictures a second does a trained network name, from a folder of JPEGs to predictions.csv?

    python benchmarks/predicting.py

resnet18 and resnet50 at 224 pixels on made photographs of 500x375. Ours is what `striate predict` does once the
recognizer is loaded; the peers are torchvision's network, eager in float32, and the same exported to ONNX and run by
onnxruntime, both fed by a DataLoader with two workers, which are running already, through Resize and CenterCrop. The
time to load a network or to start a session is in no figure. How to answer quickest is something that ours finds out
where many pictures come, and remembers; the first time, measuring included, is a line of its own.

All three have the same weights: drawn, the batch norms fitted, and the last layer fitted to tell the made classes, so
that answers are decided and can be compared.
"""

import csv
import os
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import numpy as np
import onnxruntime
import torch
from pairs import Timings, in_turns, judged, options, seconds_of, tell
from peers import torchvision
from pictures import CLASSES, describe, make_folder
from PIL import Image
from torch import Tensor, nn
from torch.utils.data import DataLoader, Dataset

import striate
from striate import zoo
from striate.data.preprocess import Preprocess
from striate.recognize.recognizer import NetworkRecognizer

PACKAGES = ("striate", "torch", "torchvision", "onnxruntime", "numpy", "pillow", "simplejpeg")
OURS, EAGER, ONNX = "ours", "torchvision", "onnxruntime"
MUST = {EAGER: 2.0, ONNX: 1.2}
MODELS = {"resnet18": (1_600, 400), "resnet50": (640, 160)}  # pictures the first time, and in a turn
AGREE = 99.0  # percent of the pictures that must get the same answer from all three

_MEAN, _STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
_CLASSES = tuple(f"class{number}" for number in range(CLASSES))
_FITTED = 200  # pictures that the last layer is fitted on


class Files(Dataset):
    """Pictures as torchvision's examples read them."""

    def __init__(self, paths: list[Path]) -> None:
        v1 = torchvision.transforms
        self.paths = paths
        self.transform = v1.Compose([v1.Resize(224), v1.CenterCrop(224), v1.ToTensor(), v1.Normalize(_MEAN, _STD)])

    def __len__(self) -> int:
        return len(self.paths)

    def __getitem__(self, index: int) -> tuple[Tensor, str]:
        with Image.open(self.paths[index]) as picture:
            return self.transform(picture.convert("RGB")), str(self.paths[index])


def main() -> int:
    """Measure both networks, print the tables and keep them."""
    asked = options(__doc__).parse_args()
    torch.set_num_threads(asked.threads)
    lines, verdicts = [], []
    with tempfile.TemporaryDirectory() as place:
        os.environ["STRIATE_CACHE"] = f"{place}/cache"
        for model, (many, few) in MODELS.items():
            folder = Path(place) / model
            counts = (64, 32) if asked.quick else (many, few)
            table, judged_lines = measure(model, folder, counts, asked.threads, quick=asked.quick)
            lines += table
            verdicts += judged_lines
        pictures = describe(folder / "many")
    tell("predicting", [f"500x375: {pictures}.", "", *HEAD, *lines, "", *verdicts], asked, PACKAGES)
    return 0


HEAD = [
    "| network | ours | torchvision | ratio | onnxruntime | ratio | ours the first time, measuring included |",
    "|---|---:|---:|---:|---:|---:|---:|",
]


def measure(
    model: str, folder: Path, counts: tuple[int, int], threads: int, *, quick: bool
) -> tuple[list[str], list[str]]:
    """Return the line of the table and the verdicts for one network."""
    many, few = (
        make_folder(folder / name, count, (500, 375)) for name, count in zip(("many", "few"), counts, strict=True)
    )
    peer = fitted(model, files_of(many)[:_FITTED])
    recognizer = saved(model, peer, folder / "recognizer")
    loader = DataLoader(Files(files_of(few)), batch_size=64, num_workers=2, persistent_workers=True)
    session = exported(peer, folder / "network.onnx", threads)
    out = {side: folder / f"{side}.csv" for side in (OURS, EAGER, ONNX)}
    first = seconds_of(lambda: answer(recognizer, many, folder / "first.csv"))
    sides: dict[str, Callable[[], object]] = {
        OURS: lambda: answer(recognizer, few, out[OURS]),
        EAGER: lambda: write(out[EAGER], by_torchvision(peer, loader, threads)),
        ONNX: lambda: write(out[ONNX], by_onnxruntime(session, loader)),
    }
    timings = in_turns(sides, rounds=3 if quick else 9, most_seconds=10 if quick else 90)
    line = row(model, timings, counts, first)
    verdicts = [judged(f"{model} against {name}", timings.ratio(OURS, name).middle, MUST[name]) for name in MUST]
    verdicts += [
        judged(f"{model}: pictures with the same answer as {name}'s", same(out[OURS], out[name]), AGREE, unit=" %")
        for name in MUST
    ]
    return [line], verdicts


def row(model: str, timings: Timings, counts: tuple[int, int], first: float) -> str:
    """Return one line of the table, in pictures a second."""
    rates = {side: f"{counts[1] / timings.middle(side):.1f}" for side in timings.seconds}
    ratios = {peer: str(timings.ratio(OURS, peer)) for peer in MUST}
    cells = [rates[OURS], rates[EAGER], ratios[EAGER], rates[ONNX], ratios[ONNX], f"{counts[0] / first:.1f}"]
    return f"| {model} | {' | '.join(cells)} |"


def files_of(folder: Path) -> list[Path]:
    """Return the pictures in the order in which ours answers them."""
    return sorted(folder.rglob("*.jpg"))


@torch.no_grad()
def fitted(model: str, paths: list[Path]) -> nn.Module:
    """Return torchvision's network, drawn, with its batch norms and last layer fitted to the made classes."""
    torch.manual_seed(0)
    network = torchvision.models.get_model(model, weights=None, num_classes=CLASSES)
    images = torch.stack([picture for picture, _ in Files(paths)])
    for norm in network.modules():
        if isinstance(norm, nn.BatchNorm2d):
            norm.momentum = None  # statistics become plain means
    for part in images.split(32):
        network.train()(part)
    last, network.fc = network.fc, nn.Identity()
    features = torch.cat([network.eval()(part) for part in images.split(32)])
    network.fc = last
    spread = features.std(0) + 1e-6
    scaled = torch.cat([(features - features.mean(0)) / spread, torch.ones(len(paths), 1)], 1)
    labels = torch.tensor([_CLASSES.index(path.parent.name) for path in paths])
    wanted = 8 * nn.functional.one_hot(labels, CLASSES).float()
    ridge = scaled.T @ scaled + 1.0 * torch.eye(scaled.shape[1])
    solved = torch.linalg.solve(ridge, scaled.T @ wanted)
    weight = (solved[:-1] / spread[:, None]).T
    last.weight.copy_(weight)
    last.bias.copy_(solved[-1] - weight @ features.mean(0))
    return network.eval()


def saved(model: str, peer: nn.Module, folder: Path) -> NetworkRecognizer:
    """Return our recognizer with the peer's weights, saved and loaded again."""
    network = zoo.create(model, num_classes=CLASSES, in_channels=3, image_size=224)
    zoo.weights.load_state(network, peer.state_dict(), layout=f"torchvision:{model}")
    preprocess = Preprocess(size=224, fit="crop", mean=_MEAN, std=_STD)
    NetworkRecognizer(model, {}, network, _CLASSES, preprocess).save(folder)
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


def answer(recognizer: NetworkRecognizer, folder: Path, out: Path) -> None:
    """Name every picture of `folder` and write the answers, as `striate predict` does."""
    write(out, ((a.picture, a.class_name, a.probability) for a in recognizer.answers([folder])))


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
    first, second = (dict(row[:2] for row in csv.reader(path.open(newline=""))) for path in (ours, theirs))
    assert first.keys() == second.keys()
    return 100 * float(np.mean([first[picture] == second[picture] for picture in first if picture != "picture"]))


def _answers(scores: Tensor, names: Iterable[str]) -> Iterator[tuple[str, str, float]]:
    best, winner = scores.softmax(1).max(1)
    yield from zip(names, (_CLASSES[index] for index in winner.tolist()), best.tolist(), strict=True)


if __name__ == "__main__":
    sys.exit(main())
