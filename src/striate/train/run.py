"""A run: a directory with everything that a training produced."""

import json
import tomllib
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from striate.core.errors import DataError
from striate.data.split import Split
from striate.recognize.load import Loaded, load
from striate.recognize.recognizer import NetworkRecognizer
from striate.train import snapshots
from striate.train.recipe import Recipe


@dataclass(frozen=True)
class Run:
    """The run directory `path`; everything else is read from its files."""

    path: Path

    def __post_init__(self) -> None:
        if not (self.path / "recipe.toml").is_file():
            lacks = "it has no recipe.toml" if self.path.is_dir() else "there is no such directory; check the path"
            raise DataError(f"{self.path} is no run directory: {lacks}")

    @cached_property
    def recipe(self) -> Recipe:
        """The resolved, complete recipe."""
        return Recipe.read(self.path / "recipe.toml")

    @cached_property
    def classes(self) -> tuple[str, ...]:
        """Class names in label order."""
        return tuple(self.read_json("classes.json"))

    @cached_property
    def split(self) -> Split:
        """Which pictures were train, val and test."""
        return Split.load(self.path / "split.parquet")

    @cached_property
    def data(self) -> dict[str, Any]:
        """Where the pictures came from, their counts, the quarantined ones and the audit's findings."""
        data: dict[str, Any] = self.read_json("data.json")
        return data

    @property
    def finished(self) -> bool:
        """Whether the final numbers are there."""
        return (self.path / "metrics.json").is_file()

    @property
    def metrics(self) -> dict[str, Any]:
        """The final numbers with their intervals, by "val" and "test"."""
        metrics: dict[str, Any] = self.read_json("metrics.json")
        return metrics

    @property
    def seed(self) -> int:
        """Of the recipe; 0 where it has none, as that of an ensemble."""
        try:
            return int(tomllib.loads((self.path / "recipe.toml").read_text(encoding="utf-8")).get("seed", 0))
        except (OSError, tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            raise DataError(f"{self.path / 'recipe.toml'} cannot be read: {error}") from None

    def recognizer(self, which: str = "best") -> Loaded:
        """Return the trained recognizer; test was measured with "best"."""
        return load(self.path, which)

    @property
    def snapshots(self) -> dict[int, Path]:
        """The recognizers that were kept for good while it was trained: epoch to folder, in order."""
        return snapshots.kept(self.path)

    def at(self, epoch: int) -> NetworkRecognizer:
        """Return the recognizer as it was after `epoch`; 0: before the first step.

        Raises:
            DataError: no snapshot of that epoch was kept.
        """
        return snapshots.load(self.path, epoch)

    def read_json(self, name: str) -> Any:
        """Read one of the run's JSON files.

        Raises:
            DataError: the file is missing or damaged.
        """
        try:
            return json.loads((self.path / name).read_text(encoding="utf-8"))
        except FileNotFoundError:
            hint = f"; if its training was stopped, go on with `striate train --resume {self.path}`"
            raise DataError(f"{self.path / name} is missing{hint}") from None
        except (OSError, ValueError) as error:
            raise DataError(f"{self.path / name} cannot be read: {error}") from None
