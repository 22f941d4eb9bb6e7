"""Who is compared: finished runs that answered the same pictures, brought into one order of pictures and classes."""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray

from striate.core.errors import ClassMismatch, DataError
from striate.evaluate import scores as scoring
from striate.train.run import Run
from striate.zoo.catalog import MODELS
from striate.zoo.lookup import is_foreign

Labels = NDArray[np.int64]
_NOT_OF_THE_RECOGNIZER = {
    "seed",
    "plan",
    "threads",
    "store",
    "checkpoint_seconds",
    "snapshots",
}  # of a recipe: luck and machinery
_NAMED = 3


@dataclass(frozen=True, eq=False)
class Answered:
    """What one run answered to the pictures that it is judged by, in the order of the pictures' contents.

    Args:
        run: the run.
        classes: class names in the order of the scores, the same for all that are compared.
        part: "test", or "val" where it has no test pictures.
        hashes: (N,) content hashes, sorted.
        names: (N,) the truth, as class names.
        rows: (N,) rows of its table.
        labels: (N,) the truth, as places of `classes`.
        scores: (N, K); undefined where not answered.
        answered: (N,) False where the picture could not be read.
        temperature: what divides the scores before softmax.
    """

    run: Run
    classes: tuple[str, ...]
    part: str
    hashes: NDArray[np.str_]
    names: NDArray[np.str_]
    rows: Labels
    labels: Labels
    scores: NDArray[np.float64]
    answered: NDArray[np.bool_]
    temperature: float

    @property
    def predicted(self) -> Labels:
        """(N,) the answers, as places of `classes`; -1 where there is none."""
        return np.where(self.answered, scoring.answers(self.scores), -1)

    @property
    def right(self) -> NDArray[np.bool_]:
        """(N,) whether the answer is the truth; a picture without an answer counts as wrong."""
        right: NDArray[np.bool_] = self.predicted == self.labels
        return right

    @property
    def confidence(self) -> NDArray[np.float64]:
        """(N,) the probability of the answer."""
        return scoring.confidences(self.scores, self.temperature)


@dataclass(frozen=True, eq=False)
class Entrant:
    """One recognizer: one training of it, or several that differ by their seed alone.

    Args:
        name: what it is called among the others.
        model: of its recipe.
        trainings: S, all on the same N pictures.
    """

    name: str
    model: str
    trainings: tuple[Answered, ...]

    @property
    def right(self) -> NDArray[np.bool_]:
        """(S, N) whether each training was right."""
        return np.stack([training.right for training in self.trainings])

    @property
    def predicted(self) -> Labels:
        """(S, N) the answers, as places of the classes."""
        return np.stack([training.predicted for training in self.trainings])


def read(paths: Sequence[Path]) -> list[Entrant]:
    """Read finished runs, and make sure that they can be compared.

    Runs whose recipes differ by the seed alone are one entrant, unless all of them are.

    Args:
        paths: run directories, each once.

    Raises:
        DataError: fewer than two, a run that is not finished or kept no answers, or other pictures.
        ClassMismatch: other classes.
    """
    runs = [Run(path) for path in dict.fromkeys(path.resolve() for path in paths)]
    if len(runs) < 2:
        raise DataError("one run alone cannot be compared: name two or more")
    found = [answered_by(run, judged_by(run)) for run in runs]
    first = found[0]
    for other in found[1:]:
        check_same(first, other)
    return _grouped([in_order_of(first.classes, answered) for answered in found])


def check_same(first: Answered, other: Answered) -> None:
    """Refuse two runs that were judged by other pictures or know other classes."""
    one, two = first.run.path, other.run.path
    if set(first.run.classes) != set(other.run.classes):
        odd = sorted(set(first.run.classes) ^ set(other.run.classes))
        raise ClassMismatch(
            f"{one} and {two} know other classes; only one of them knows {_listed(odd)}. "
            "Recognizers are compared on the same question: train both on the same classes"
        )
    remedy = (
        f"To measure on the same pictures: striate train --from {two} --set split.file={one / 'split.parquet'}, "
        "or compare them as one: striate compare DATA --models ..."
    )
    if first.part != other.part:
        raise DataError(
            f"{one} was judged by its {first.part} pictures and {two} by its {other.part} pictures: such numbers are "
            f"not comparable. {remedy}"
        )
    if not np.array_equal(first.hashes, other.hashes):
        shared = len(np.intersect1d(first.hashes, other.hashes))
        raise DataError(
            f"{one} and {two} were tested on different pictures: {len(first.hashes):,} and {len(other.hashes):,}, of "
            f"which {shared:,} are the same by content. A difference of their accuracies would be one of the pictures "
            f"too. {remedy}"
        )
    relabeled = np.flatnonzero(first.names != other.names)
    if relabeled.size:
        place = relabeled[0]
        raise DataError(
            f"{one} and {two} were tested on the same pictures with other labels: {relabeled.size:,} differ, first "
            f"{first.names[place]!r} and {other.names[place]!r}. Train both on the same table"
        )


def same_training(entrants: Sequence[Entrant]) -> bool:
    """Say whether all were trained on the same pictures."""
    sets = [
        set(training.run.split.hashes.take(pa.array(training.run.split.rows("train"))).to_pylist())
        for entrant in entrants
        for training in entrant.trainings
    ]
    return all(one == sets[0] for one in sets)


def recipe_of(run: Run) -> dict[str, Any]:
    """Return the recipe as it is written; also of what is no training, such as an ensemble."""
    try:
        return tomllib.loads((run.path / "recipe.toml").read_text(encoding="utf-8"))
    except (OSError, tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise DataError(f"{run.path / 'recipe.toml'} cannot be read: {error}") from None


def has_epochs(model: str) -> bool:
    """Say whether a model is trained in epochs, as networks are; a classic pipeline is fitted at once."""
    return model in MODELS or is_foreign(model)


def judged_by(run: Run) -> str:
    """Return the part that a finished run is judged by: "test", or "val" where it has no test pictures."""
    part = next((part for part in ("test", "val") if part in run.metrics), None)
    if part is None or not (run.path / "predictions.parquet").is_file():
        raise DataError(f"{run.path} kept no answers: nothing was held out, so there is nothing to compare it by")
    return part


def answered_by(run: Run, part: str) -> Answered:
    """Read what a finished run answered to the pictures of one part."""
    path = run.path / "predictions.parquet"
    table = pq.read_table(path)
    table = table.filter(pc.equal(table["split"], part))
    rows = table["row"].to_numpy().astype(np.int64)
    labels = table["label"].to_numpy().astype(np.int64)
    names = np.array(run.classes)[labels]
    hashes = np.array(run.split.hashes.take(pa.array(rows)).to_pylist())
    order = np.lexsort((names, hashes))  # copies of a picture come together, by their label
    answered = table["scores"].is_valid().to_numpy()
    temperature = run.metrics[part].get("calibration", {}).get("temperature") or 1.0
    scores = _scores(table, answered, len(run.classes), path)
    return Answered(
        run, run.classes, part, hashes[order], names[order], rows[order], labels[order], scores[order],
        answered[order], temperature,
    )  # fmt: skip


def in_order_of(classes: tuple[str, ...], found: Answered) -> Answered:
    """Return the same answers with classes in another order."""
    if found.classes == classes:
        return found
    columns = [found.classes.index(name) for name in classes]
    place = {name: label for label, name in enumerate(classes)}
    labels = np.array([place[name] for name in found.names.tolist()], np.int64)
    return replace(found, classes=classes, labels=labels, scores=found.scores[:, columns])


def _scores(table: pa.Table, answered: NDArray[np.bool_], classes: int, path: Path) -> NDArray[np.float64]:
    flat = pc.list_flatten(table["scores"]).to_numpy()
    if flat.size != int(answered.sum()) * classes:
        raise DataError(f"{path} has {flat.size} scores for {classes} classes: of another run?")
    scores = np.zeros((len(answered), classes))
    scores[answered] = scoring.as_scores(flat.reshape(-1, classes), classes)
    return scores


def _grouped(found: Sequence[Answered]) -> list[Entrant]:
    groups: dict[str, list[Answered]] = {}
    for answered in found:
        kind = _kind(answered.run)
        again = sum(other.run.seed == answered.run.seed for other in groups.get(f"{kind} 0", ()))
        groups.setdefault(f"{kind} {again}", []).append(answered)  # a copied run is no second training
    if len(groups) == 1:  # seeds against each other
        groups = {str(place): [answered] for place, answered in enumerate(found)}
    models = [recipe_of(group[0].run)["model"] for group in groups.values()]
    names = []
    for model, group in zip(models, groups.values(), strict=True):
        names.append(model if len(group) > 1 and models.count(model) == 1 else group[0].run.path.name)
    if len(set(names)) < len(names):  # runs of one name in different folders
        names = [str(Path(*group[0].run.path.parts[-2:])) for group in groups.values()]
    return [Entrant(*parts) for parts in zip(names, models, map(tuple, groups.values()), strict=True)]


def _kind(run: Run) -> str:
    """Return what is the same for runs that differ by their seed alone: the recipe and the training pictures."""
    recipe = sorted((k, v) for k, v in recipe_of(run).items() if k not in _NOT_OF_THE_RECOGNIZER)
    pictures = sorted(map(str, run.split.hashes.take(pa.array(run.split.rows("train"))).to_pylist()))
    return f"{recipe!r} {sha256(' '.join(pictures).encode()).hexdigest()}"


def _listed(names: Sequence[str]) -> str:
    more = len(names) - _NAMED
    return ", ".join(map(repr, names[:_NAMED])) + (f" and {more} more" if more > 0 else "")
