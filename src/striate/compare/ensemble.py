"""Make an ensemble of finished runs: weigh them, measure it on their pictures, and write it down as a run of its own.

What the members answered is in their runs, so nothing is computed anew.
"""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import tomli_w
from numpy.typing import NDArray

from striate.compare.entrants import Answered, answered_by, check_same, in_order_of
from striate.core.errors import DataError
from striate.core.files import free_name, whole_file, write_json, write_text
from striate.core.progress import say
from striate.evaluate import accuracy, calibration, paired
from striate.evaluate.scores import Scores
from striate.recognize.ensemble import Average, Ensemble, combined
from striate.recognize.load import place
from striate.recognize.predict import probabilities_of
from striate.recognize.recognizer import DESCRIPTION, read_description
from striate.runtime.plan import Plan
from striate.train import environment
from striate.train.run import Run

Weights = Literal["equal", "fit"]

_NOTHING = 1e-6  # a weight below is what the search leaves of 0
_LEAST = 1e-300  # stands for a probability that underflowed
_COPIED = ("split.parquet", "data.json", "classes.json")


@dataclass(frozen=True)
class Made:
    """An ensemble that was made.

    Args:
        run: its directory.
        weights: of the members.
        part: what it was measured on.
        best: the path of the best member.
        gain: over that member, on the same pictures.
    """

    run: Run
    weights: tuple[float, ...]
    part: str
    best: Path
    gain: paired.Paired = field(repr=False)


def make(
    paths: Sequence[Path],
    out: Path,
    *,
    weights: Weights | Sequence[float] = "equal",
    average: Average = "probabilities",
    quiet: bool = False,
) -> Made:
    """Make an ensemble of finished runs and return it with its gain.

    Args:
        paths: run directories, two at least, that held the same pictures out.
        out: its run directory; an existing name gets a number.
        weights: equal; fit: those with the least loss on validation; or one a run, which are brought to a sum of 1.
        average: of what: probabilities or logits; see `recognize.ensemble`.
        quiet: print nothing.

    Raises:
        DataError: fewer than two runs, other pictures, or nothing to fit weights on.
        ClassMismatch: other classes.
    """
    runs = [Run(path) for path in dict.fromkeys(path.resolve() for path in paths)]
    if len(runs) < 2:
        raise DataError("one run alone makes no ensemble: name two or more")
    answers: dict[str, list[Answered]] = {
        part: _answers(runs, part) for part in ("val", "test") if part in runs[0].metrics
    }
    if not answers:
        raise DataError(f"{runs[0].path} held no pictures out, so an ensemble could not be measured")
    shares = _weights(weights, answers.get("val"), len(runs), average)
    said = ", ".join(f"{run.path.name} {share:.2f}" for run, share in zip(runs, shares, strict=True))
    say(f"weights: {said}", quiet=quiet)
    together = {part: _combine(found, shares, average) for part, found in answers.items()}
    temperature = _temperature(answers.get("val"), together.get("val"))
    ensemble = Ensemble(tuple(run.recognizer() for run in runs), shares, average, temperature)
    run = _write(free_name(out), runs, ensemble, answers, together)
    part = "test" if "test" in answers else "val"
    best, gain = _gain(answers[part], together[part])
    return Made(run, shares, part, best, gain)


def fit_weights(parts: Sequence[Scores], labels: NDArray[np.int64], average: Average) -> tuple[float, ...]:
    """Return the weights, 0 or more and 1 in all, with which the members have the least mean loss together.

    Args:
        parts: (N, K) logarithms of each member's probabilities on pictures that it was not trained on.
        labels: (N,).
        average: see `recognize.ensemble`.
    """
    from scipy.optimize import minimize  # type: ignore[import-untyped, unused-ignore]

    count = len(parts)

    def loss(weights: NDArray[np.float64]) -> float:
        scores = combined(parts, np.maximum(weights, 0).tolist(), average)
        normal = scores - np.logaddexp.reduce(scores, axis=1, keepdims=True)
        return float(-normal[np.arange(len(labels)), labels].mean())

    found = minimize(
        loss, np.full(count, 1 / count), method="SLSQP", bounds=[(0, 1)] * count,
        constraints=[{"type": "eq", "fun": lambda weights: weights.sum() - 1}],
    )  # fmt: skip
    weights = np.where(found.x < _NOTHING, 0, found.x)
    return tuple((weights / weights.sum()).tolist())


def _answers(runs: Sequence[Run], part: str) -> list[Answered]:
    """Return what all answered to the same pictures of `part`, which must be the same."""
    for run in runs:
        if part not in run.metrics:
            raise DataError(f"{runs[0].path} has {part} pictures and {run.path} has none: train both on the same split")
    found = [answered_by(run, part) for run in runs]
    for other in found[1:]:
        check_same(found[0], other)
    return [in_order_of(found[0].classes, answered) for answered in found]


def _weights(
    weights: Weights | Sequence[float], val: Sequence[Answered] | None, count: int, average: Average
) -> tuple[float, ...]:
    if weights == "equal":
        return (1 / count,) * count
    if weights == "fit":
        if val is None:
            raise DataError("weights are fitted on validation pictures, and there are none: leave --weights out")
        seen = _answered(val)
        return fit_weights([_logarithms(one)[seen] for one in val], val[0].labels[seen], average)
    numbers = [float(weight) for weight in weights]
    if len(numbers) != count or min(numbers) < 0 or sum(numbers) <= 0:
        raise DataError(f"--weights {', '.join(map(str, weights))}: {count} numbers are needed, 0 or more, not all 0")
    return tuple(number / sum(numbers) for number in numbers)


def _combine(found: Sequence[Answered], weights: Sequence[float], average: Average) -> Scores:
    return combined([_logarithms(one) for one in found], weights, average)


def _logarithms(found: Answered) -> Scores:
    """Return the logarithms (N, K) of the probabilities of one member, after its own temperature."""
    description = read_description(place(found.run.path) / DESCRIPTION)
    probabilities = probabilities_of(found.scores, float(description.get("temperature", 1.0)))
    logarithms: Scores = np.log(np.maximum(probabilities, _LEAST))
    return logarithms


def _answered(found: Sequence[Answered]) -> NDArray[np.bool_]:
    answered: NDArray[np.bool_] = np.logical_and.reduce([one.answered for one in found])
    return answered


def _temperature(val: Sequence[Answered] | None, together: Scores | None) -> float:
    if val is None or together is None or not (seen := _answered(val)).any():
        return 1.0
    return calibration.fit_temperature(together[seen], val[0].labels[seen])


def _write(
    out: Path,
    runs: Sequence[Run],
    ensemble: Ensemble,
    answers: dict[str, list[Answered]],
    together: dict[str, Scores],
) -> Run:
    """Write the run directory; metrics.json comes last, as in a training."""
    first = runs[0]
    out.mkdir(parents=True)
    for name in _COPIED:
        shutil.copyfile(first.path / name, out / name)
    write_text(out / "log.jsonl", "")
    known = [run.read_json("environment.json").get("seconds") for run in runs]
    seconds = None if None in known else sum(known)
    plan = Plan(**first.read_json("environment.json")["plan"])
    write_json(out / "environment.json", {**environment.describe(plan), "seconds": seconds})
    write_text(out / "recipe.toml", tomli_w.dumps(_recipe(runs, ensemble)))
    ensemble.save(out / "checkpoints" / "best")
    _write_predictions(out, answers, together)
    measured = {
        part: _measure(answers[part], together[part], None if part == "val" else ensemble.temperature)
        for part in answers
    }
    write_json(out / "metrics.json", measured)
    return Run(out)


def _recipe(runs: Sequence[Run], ensemble: Ensemble) -> dict[str, Any]:
    return {
        "model": ensemble.model,
        "average": ensemble.average,
        "weights": list(ensemble.weights),
        "members": [str(run.path) for run in runs],
    }


def _measure(found: Sequence[Answered], scores: Scores, temperature: float | None) -> dict[str, Any]:
    seen, labels = _answered(found), found[0].labels
    return accuracy.measure(
        scores[seen], labels[seen], found[0].classes, unanswered_labels=labels[~seen], temperature=temperature
    )


def _write_predictions(out: Path, answers: dict[str, list[Answered]], together: dict[str, Scores]) -> None:
    tables = []
    for part, found in answers.items():
        order = np.argsort(found[0].rows, kind="stable")
        scores = together[part][order].astype(np.float32)
        lost = ~_answered(found)[order]
        columns = {
            "row": pa.array(found[0].rows[order], pa.int64()),
            "split": pa.array([part] * len(order), pa.string()),
            "label": pa.array(found[0].labels[order].astype(np.int32)),
            "scores": pa.FixedSizeListArray.from_arrays(pa.array(scores.ravel()), scores.shape[1], mask=pa.array(lost)),
        }
        tables.append(pa.table(columns))
    with whole_file(out / "predictions.parquet") as beside:
        pq.write_table(pa.concat_tables(tables), beside)


def _gain(found: Sequence[Answered], scores: Scores) -> tuple[Path, paired.Paired]:
    """Return the best member and how much better the ensemble is, on the same pictures."""
    best = max(found, key=lambda one: float(one.right.mean()))
    right = (scores.argmax(1) == found[0].labels) & _answered(found)
    return best.run.path, paired.compare(right, best.right)
