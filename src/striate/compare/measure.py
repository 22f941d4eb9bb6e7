"""The comparison in numbers: plain data that the page, the table and `--json` show."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import combinations
from typing import Any

import numpy as np

from striate.compare.entrants import Entrant, has_epochs, recipe_of
from striate.core import seeds
from striate.evaluate import paired
from striate.evaluate.intervals import wilson
from striate.train import defaults
from striate.train.run import Run

Plain = dict[str, Any]

SIGNIFICANT = 0.05
_ONCE = f"McNemar's test (mid-p) and the paired bootstrap with {paired.RESAMPLES:,} resamples"
_SEVERAL = "t-test over pictures and trainings, with Welch's and Satterthwaite's degrees of freedom"
_CORRECTION = "p-values corrected by Holm over all pairs"


def measure(entrants: Sequence[Entrant], costs: Mapping[str, Plain]) -> Plain:
    """Return everything that is told about the recognizers, the best first.

    Args:
        entrants: all on the same pictures.
        costs: of each by its name: parameters, macs, memory, bytes, prediction_seconds, training_seconds.
    """
    told = [_told(entrant) | dict(costs[entrant.name]) for entrant in entrants]
    order = sorted(range(len(told)), key=lambda place: (-told[place]["accuracy"]["value"], _price(told[place])))
    ranked = [entrants[place] for place in order]
    first = entrants[0].trainings[0]
    return {
        "part": first.part,
        "pictures": len(first.labels),
        "classes": list(first.classes),
        "recognizers": [told[place] for place in order],
        "pairs": _pairs(ranked),
        "agreement": _agreement(ranked).tolist(),
        "all_wrong": int((~np.concatenate([entrant.right for entrant in ranked]).any(0)).sum()),
        "significant": SIGNIFICANT,
        "methods": _methods(entrants),
    }


def pair(found: Plain, first: str, second: str) -> Plain:
    """Return what was found about two recognizers, turned so that `first` comes first."""
    for entry in found["pairs"]:
        if (entry["first"], entry["second"]) == (first, second):
            return dict(entry)
        if (entry["first"], entry["second"]) == (second, first):
            turned = {"first": first, "second": second, "difference": -entry["difference"]}
            limits = {"low": -entry["high"], "high": -entry["low"]}
            alone = {"only_first": entry["only_second"], "only_second": entry["only_first"]}
            return {**entry, **turned, **limits, **alone}
    raise KeyError((first, second))


def _methods(entrants: Sequence[Entrant]) -> str:
    counts = [len(entrant.trainings) for entrant in entrants]
    used = [_ONCE] * (counts.count(1) > 1) + [_SEVERAL] * (max(counts) > 1)
    return "; ".join([*used, _CORRECTION])


def _told(entrant: Entrant) -> Plain:
    right = entrant.right
    runs = [training.run for training in entrant.trainings]
    single = wilson(int(right[0].sum()), right.shape[1])
    return {
        "name": entrant.name,
        "model": entrant.model,
        "runs": [str(run.path) for run in runs],
        "seeds": [recipe_of(run).get("seed") for run in runs],
        "epochs": _epochs(runs[0]),
        "own_epochs": _own_epochs(runs[0]),
        "accuracy": (single if len(right) == 1 else paired.accuracy_over_trainings(right)).to_dict(),
        "accuracies": [float(one.mean()) for one in right],
        "unanswered": int((~entrant.trainings[0].answered).sum()),
    }


def _epochs(run: Run) -> int | None:
    recipe = recipe_of(run)
    return int(recipe["epochs"]) if has_epochs(recipe["model"]) else None


def _own_epochs(run: Run) -> int | None:
    """Return the epochs of the model's own recipe, where it began from drawn weights; from others it may need fewer."""
    recipe = recipe_of(run)
    if not has_epochs(recipe["model"]) or recipe.get("weights"):
        return None
    return defaults.epochs(recipe["model"], len(run.split.rows("train")))


def _price(told: Plain) -> float:
    return float(told["prediction_seconds"] or 0.0)


def _pairs(ranked: Sequence[Entrant]) -> list[Plain]:
    found = []
    for one, other in combinations(ranked, 2):
        seed = seeds.seed_for("pair", one.name, other.name) % 2**32
        result = paired.compare(one.right, other.right, seed=seed)
        found.append({"first": one.name, "second": other.name, **result.to_dict()})
    for entry, adjusted in zip(found, paired.holm([entry["p"] for entry in found]), strict=True):
        entry["p_holm"] = adjusted
        entry["better"] = None
        if adjusted <= SIGNIFICANT:
            entry["better"] = entry["first"] if entry["difference"] > 0 else entry["second"]
    return found


def _agreement(ranked: Sequence[Entrant]) -> np.ndarray[Any, np.dtype[np.float64]]:
    """Return (E, E): the share of pictures that two give the same answer to; the mean over their trainings."""
    answers = [entrant.predicted for entrant in ranked]
    same = [[float((one[:, None] == other[None]).mean()) for other in answers] for one in answers]
    return np.array(same)
