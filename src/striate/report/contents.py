"""What the report shows, read from the files of a run directory."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from striate.core.errors import DataError
from striate.report.answers import Answers, read_answers

Pictures = Callable[[Sequence[int]], NDArray[np.uint8]]

_STEP = ("epoch", "step", "loss", "accuracy", "lr")
_EPOCH = ("epoch", "step", "train_loss", "train_accuracy", "val_loss", "val_accuracy", "lr", "seconds")
_AUXILIARY = re.compile(r"train_(\w+)_(?:loss|accuracy)")


def name_by_row(row: int) -> str:
    """Return what to call the picture of `row` where nobody knows better."""
    return f"picture {row}"


@dataclass(frozen=True)
class Extras:
    """What the files of a run do not hold.

    Args:
        first_layer: (O, C, h, w) the filters of the first layer, as learned.
        augmented: (N, H, W, C) uint8, one batch as the network saw it while training.
        names: what people call the picture of a row.
        drawn: what was drawn for each augmented picture, in words by the name of the change.
    """

    first_layer: NDArray[np.floating[Any]] | None = None
    augmented: NDArray[np.uint8] | None = None
    names: Callable[[int], str] = name_by_row
    drawn: tuple[dict[str, str], ...] = ()


@dataclass(frozen=True)
class Log:
    """The training's log as columns, float64, NaN where a line says nothing.

    Args:
        steps: `epoch`, `step`, `loss`, `accuracy`, `lr` of every step interval.
        epochs: the same of every epoch, train and validation, and `seconds`; of a network with auxiliary heads
            theirs too, as `train_aux1_loss`.
    """

    steps: dict[str, NDArray[np.float64]]
    epochs: dict[str, NDArray[np.float64]]

    @property
    def auxiliary(self) -> tuple[str, ...]:
        """The names of the auxiliary heads, in the network's order."""
        found = filter(None, map(_AUXILIARY.fullmatch, self.epochs))
        return tuple(dict.fromkeys(name[1] for name in found))


@dataclass(frozen=True)
class Contents:
    """Everything that the page shows, but the pictures.

    Args:
        path: the run directory.
        recipe: the parsed recipe; `recipe_text` is the file itself.
        classes: the names in label order.
        data, environment: the JSON files as they are.
        part: the part that the headline is about: "test" where there is one, else "val", None where nothing
            was held out.
        measures: the measures of each part that was measured.
        answers: what was answered on each part, as far as predictions were kept.
    """

    path: Path
    recipe: dict[str, Any]
    recipe_text: str
    classes: tuple[str, ...]
    data: dict[str, Any]
    environment: dict[str, Any]
    log: Log
    part: str | None
    measures: dict[str, dict[str, Any]]
    answers: dict[str, Answers]

    @property
    def measured(self) -> dict[str, Any] | None:
        """The measures that the headline is about."""
        return self.measures[self.part] if self.part else None


def gather(path: Path) -> Contents:
    """Read what the report of the run in `path` shows.

    Raises:
        DataError: a file of the run is missing or is not what it claims to be.
    """
    recipe_text = _text(path / "recipe.toml")
    classes = tuple(_json(path / "classes.json"))
    measures = {part: found for part, found in _json(path / "metrics.json").items() if found and found["pictures"]}
    part = next((part for part in ("test", "val") if part in measures), None)
    temperature = _temperature(measures[part]) if part else None
    predictions = path / "predictions.parquet"
    kept = read_answers(predictions, len(classes), temperature) if predictions.is_file() else {}
    return Contents(
        path=path,
        recipe=_parsed(recipe_text, path / "recipe.toml"),
        recipe_text=recipe_text,
        classes=classes,
        data=_json(path / "data.json"),
        environment=_json(path / "environment.json"),
        log=read_log(path / "log.jsonl"),
        part=part,
        measures=measures,
        answers={name: found for name, found in kept.items() if name in measures},
    )


def _temperature(measured: dict[str, Any]) -> float | None:
    temperature = measured.get("calibration", {}).get("temperature")
    return float(temperature) if temperature else None


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise DataError(f"no file {path}: is {path.parent} a run that has finished?") from None


def _json(path: Path) -> Any:
    try:
        return json.loads(_text(path))
    except json.JSONDecodeError as error:
        raise DataError(f"{path} is not JSON: {error}. Restore it, or train again.") from error


def _parsed(text: str, path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise DataError(f"{path} is not TOML: {error}. Restore it, or train again.") from error


def read_log(path: Path) -> Log:
    """Read `log.jsonl` of a run."""
    lines: dict[str, list[dict[str, Any]]] = {"step": [], "epoch": []}
    for number, text in enumerate(_text(path).splitlines(), start=1):
        try:
            line = json.loads(text)
        except json.JSONDecodeError as error:
            raise DataError(f"{path}, line {number} is not JSON: {error}. Remove the line.") from error
        lines.setdefault(line["kind"], []).append(line)
    heads = dict.fromkeys(name for line in lines["epoch"] for name in line if _AUXILIARY.fullmatch(name))
    return Log(_columns(lines["step"], _STEP), _columns(lines["epoch"], (*_EPOCH, *heads)))


def _columns(lines: list[dict[str, Any]], names: Sequence[str]) -> dict[str, NDArray[np.float64]]:
    return {
        name: np.array([np.nan if line.get(name) is None else line[name] for line in lines], np.float64)
        for name in names
    }
