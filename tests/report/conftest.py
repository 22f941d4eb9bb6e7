"""Run directories as a training leaves them, made in moments: real scores where they are cheap, a made log."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from numpy.typing import NDArray
from sklearn.datasets import load_digits
from sklearn.linear_model import LogisticRegression

from striate.evaluate import accuracy
from striate.report.contents import Extras
from striate.report.page import write

RECIPE = """\
model = "lenet5_modern"
epochs = 12
batch_size = 64
seed = 1

[optimizer]
name = "sgd"
lr = 0.05
momentum = 0.9

[schedule]
name = "onecycle"
"""


@dataclass
class Made:
    """A run directory with what the report asks its caller for."""

    path: Path
    images: NDArray[np.uint8]
    labels: NDArray[np.int64]
    sides: NDArray[np.str_]
    scores: NDArray[np.float32]
    classes: tuple[str, ...]
    extras: Extras = field(default_factory=Extras)

    def pictures(self, rows: Sequence[int]) -> NDArray[np.uint8]:
        return self.images[np.asarray(rows, np.int64)]

    def written(self, *, pictures: bool = True) -> "Made":
        """Write the report and return the same run."""
        write(self.path, self.pictures if pictures else None, self.extras)
        return self

    @property
    def page(self) -> str:
        return (self.path / "report.html").read_text(encoding="utf-8")

    def metrics(self, part: str = "test") -> dict[str, Any]:
        measured: dict[str, Any] = json.loads((self.path / "metrics.json").read_text(encoding="utf-8"))[part]
        return measured


Builder = Callable[..., Made]


@pytest.fixture(scope="session")
def build(tmp_path_factory: pytest.TempPathFactory) -> Builder:
    """Make a run of one of the kinds below, with the options of `build_run`."""

    def make(kind: str = "digits", **options: Any) -> Made:
        return build_run(tmp_path_factory.mktemp(kind) / kind, *KINDS[kind](), **options)

    return make


@pytest.fixture(scope="session")
def digits_run(build: Builder) -> Made:
    """Real digits and errors, four unreadable pictures, no test pictures of class 3; its report is written."""
    return build("digits", unreadable=(5, 17, 33, 47), without=3).written()


@pytest.fixture(scope="session")
def hostile_run(build: Builder) -> Made:
    """Two classes with names that mean harm, color pictures, no test part; its report is written."""
    return build("two", parts=("val",), names=HOSTILE).written()


@pytest.fixture(scope="session")
def perfect_run(build: Builder) -> Made:
    """Every answer right, no validation part, and no pictures at hand; its report is written."""
    return build("perfect", parts=("test",)).written(pictures=False)


@pytest.fixture(scope="session")
def untested_run(build: Builder) -> Made:
    """Nothing held out; its report is written."""
    return build("perfect", parts=()).written()


@pytest.fixture(scope="session")
def many_run(build: Builder) -> Made:
    """A hundred classes; its report is written."""
    return build("many").written()


def digits() -> tuple[Any, ...]:
    """8x8 digits and the true scores of a quick logistic regression, so that errors are real."""
    found = load_digits()
    images = np.rint(found.images[..., None] * (255 / 16)).astype(np.uint8)
    sides = np.random.default_rng(0).choice(["train", "val", "test"], len(images), p=[0.6, 0.2, 0.2])
    train = sides == "train"
    model = LogisticRegression(C=0.5, max_iter=300).fit(found.data[train] / 16, found.target[train])
    scores = model.decision_function(found.data / 16).astype(np.float32)
    filters = model.coef_.reshape(10, 1, 8, 8)
    return images, found.target.astype(np.int64), sides, scores, tuple("0123456789"), filters


def made(classes: int, count: int, size: int, channels: int, sharp: float = 4.0, seed: int = 0) -> tuple[Any, ...]:
    """Noisy stripes whose angle and color are the class, with scores that know the class roughly."""
    draw = np.random.default_rng(seed)
    labels = np.arange(count) % classes
    y, x = np.mgrid[:size, :size] / size
    angles = np.pi * labels / classes
    wave = np.sin(12 * (np.cos(angles)[:, None, None] * x + np.sin(angles)[:, None, None] * y))
    tint = 0.4 + 0.6 * draw.random((classes, channels))[labels]
    noise = draw.normal(0, 0.2, (count, size, size, 1))
    images = np.clip((127 + 100 * (wave[..., None] + noise)) * tint[:, None, None], 0, 255).astype(np.uint8)
    sides = draw.choice(["train", "val", "test"], count, p=[0.4, 0.2, 0.4])
    scores = draw.normal(0, 1.6, (count, classes)).astype(np.float32)
    scores[np.arange(count), labels] += sharp
    scores[:, : classes // 2] += 0.4 * scores[:, classes - classes // 2 :]  # some pairs are confused more than others
    filters = draw.normal(0, 0.2, (16, channels, 5, 5))
    return images, labels, sides, scores, tuple(f"class {index}" for index in range(classes)), filters


HOSTILE = ("<script>alert(1)</script>", "\"quoted\" & $x^2$ 🦊 <b>bold</b> 'and' a name that goes on and on and on")

KINDS: dict[str, Callable[[], tuple[Any, ...]]] = {
    "digits": digits,
    "two": lambda: made(2, 400, 16, 3, sharp=1.5),
    "many": lambda: made(100, 3000, 8, 3, sharp=4.5),
    "photos": lambda: made(10, 300, 224, 3),
    "perfect": lambda: made(5, 300, 12, 1, sharp=60.0),
}


def build_run(
    path: Path,
    images: NDArray[np.uint8],
    labels: NDArray[np.int64],
    sides: NDArray[np.str_],
    scores: NDArray[np.float32],
    classes: tuple[str, ...],
    filters: NDArray[np.float64] | None = None,
    *,
    parts: tuple[str, ...] = ("val", "test"),
    unreadable: Sequence[int] = (),
    without: int | None = None,
    names: Sequence[str] = (),
    environment: dict[str, Any] | None = None,
) -> Made:
    """Write the files of a run.

    Args:
        parts: the held-out parts; the pictures of the others become training pictures.
        unreadable: so many pictures of the first held-out part have no scores; their rows are returned in data.json.
        without: a class that has no test pictures.
        names: class names in place of the given ones.
    """
    sides = np.where(np.isin(sides, [*parts, "train"]), sides, "train")
    if without is not None:
        sides[(labels == without) & (sides == "test")] = "train"
    classes = tuple(names) or classes
    run = Made(path, images, labels, sides, scores, classes)
    run.extras = Extras(
        filters,
        images[np.flatnonzero(sides == "train")[:32]][:, :, ::-1],
        lambda row: f"set/{classes[labels[row]]}/{row:05}.png",
        tuple({"rotation": f"{place:+d}°", "hue": "<b>+5°</b>"} if place % 3 else {} for place in range(32)),
    )
    path.mkdir(parents=True)
    _write(path / "recipe.toml", RECIPE)
    _write(path / "classes.json", json.dumps(classes))
    _write(path / "log.jsonl", _log(held_out="val" in parts))
    _write(path / "data.json", json.dumps(_data(run, unreadable)))
    _write(path / "environment.json", json.dumps(_environment() | (environment or {})))
    _write(path / "metrics.json", json.dumps({part: _measure(run, part, unreadable) for part in parts}))
    _predictions(run, unreadable)
    return run


def _write(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8")


def _measure(run: Made, part: str, unreadable: Sequence[int]) -> dict[str, Any]:
    inside = run.sides == part
    lost = np.isin(np.arange(len(run.labels)), list(unreadable))
    rows, gone = np.flatnonzero(inside & ~lost), np.flatnonzero(inside & lost)
    return accuracy.measure(
        run.scores[rows], run.labels[rows], run.classes, unanswered_labels=run.labels[gone], temperature=1.2
    )


def _predictions(run: Made, unreadable: Sequence[int]) -> None:
    rows = np.flatnonzero(run.sides != "train")
    lost = np.isin(rows, list(unreadable))
    scores = np.where(lost[:, None], 0, run.scores[rows]).astype(np.float32)
    columns = {
        "row": pa.array(rows),
        "split": pa.array(run.sides[rows].tolist(), pa.string()),
        "label": pa.array(run.labels[rows].astype(np.int32)),
        "scores": pa.FixedSizeListArray.from_arrays(pa.array(scores.ravel()), len(run.classes), mask=pa.array(lost)),
    }
    pq.write_table(pa.table(columns), run.path / "predictions.parquet")


def _data(run: Made, unreadable: Sequence[int]) -> dict[str, Any]:
    count = len(run.classes)
    counts = {
        side: np.bincount(run.labels[run.sides == side], minlength=count).tolist() for side in ("train", "val", "test")
    }
    duplicates = {
        "check": "exact-duplicates",
        "verdict": "warn",
        "value": 2,
        "detail": "2 pictures are there twice, both in the training part.",
        "remedy": "Remove one of each pair.",
        "rows": [3, 4],
        "names": ["set/3.png", "set/4.png"],
    }
    fine = {
        "check": "leaks",
        "verdict": "pass",
        "value": 0,
        "detail": "No picture is in two parts.",
        "remedy": "",
        "rows": [],
        "names": [],
    }
    return {
        "source": "folder",
        "location": "set",
        "data_root": None,
        "pictures": len(run.labels),
        "classes": run.classes,
        "counts": counts,
        "fingerprint": "8f14e45fceea167a5a36dedd4bea2543",
        "quarantined": [
            {
                "row": row,
                "picture": run.extras.names(row),
                "split": str(run.sides[row]),
                "reason": "truncated after 512 bytes",
            }
            for row in unreadable
        ],
        "findings": [duplicates, fine],
        "notes": ["12 files are no pictures: skipped (.txt)"],
        "split": "Validation and test were drawn by content hash with salt 0.",
    }


def _environment() -> dict[str, Any]:
    return {
        "striate": "0.1.0",
        "python": "3.12.3",
        "torch": "2.9.0",
        "machine": "x86_64, Linux 6.1",
        "cores": 2,
        "plan": {"device": "cpu", "precision": "float32"},
        "git": None,
        "command": "striate train set --model lenet5_modern --out runs/set",
        "started": "2025-11-20T09:14:05",
        "seconds": 48.2,
    }


def _log(epochs: int = 12, steps: int = 40, *, held_out: bool) -> str:
    draw = np.random.default_rng(0)
    lines: list[dict[str, Any]] = []
    for epoch in range(1, epochs + 1):
        for place in range(1, steps + 1, 2):
            step = (epoch - 1) * steps + place
            loss = 2.2 * np.exp(-step / 90) + 0.08 + abs(draw.normal(0, 0.05))
            rate = 0.05 * np.sin(np.pi * step / (epochs * steps))
            line = {"kind": "step", "epoch": epoch, "step": step, "loss": loss, "accuracy": np.exp(-loss), "lr": rate}
            lines.append(line)
        loss = 2.2 * np.exp(-epoch * steps / 90) + 0.1
        end: dict[str, Any] = {"kind": "epoch", "epoch": epoch, "step": epoch * steps, "seconds": 4.0, "lr": 0.01}
        end |= {"train_loss": loss, "train_accuracy": np.exp(-loss)}
        end |= {
            "val_loss": loss * 1.1 + 0.03 if held_out else None,
            "val_accuracy": np.exp(-loss) - 0.02 if held_out else None,
        }
        lines.append(end)
    return "\n".join(json.dumps(line) for line in lines) + "\n"
