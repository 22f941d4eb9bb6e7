"""The pictures of a comparison: where one recognizer is right and the other wrong, and what none of them knows."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from striate.compare.entrants import Answered, Entrant

Plain = dict[str, Any]
Places = NDArray[np.int64]

PER_SIDE = 5  # pictures that one alone is right on: a row of the page
NOBODY = 6


@dataclass(frozen=True, eq=False)
class Clash:
    """One recognizer against the best.

    Args:
        other: the recognizer.
        best: the best one.
        other_right: places among the pictures that it alone is right on, those first of which the best is surest.
        best_right: likewise the other way round.
    """

    other: Entrant
    best: Entrant
    other_right: Places
    best_right: Places


def clashes(ranked: Sequence[Entrant]) -> list[Clash]:
    """Return each recognizer against the first of `ranked`; of several trainings, the first speaks for all."""
    best = ranked[0]
    return [Clash(other, best, _alone(other, best), _alone(best, other)) for other in ranked[1:]]


def nobody(ranked: Sequence[Entrant]) -> Places:
    """Return the places of pictures that no training got right, those first that most answer alike."""
    wrong = np.flatnonzero(~np.concatenate([entrant.right for entrant in ranked]).any(0))
    answers = np.concatenate([entrant.predicted for entrant in ranked])[:, wrong]
    alike = [np.bincount(column[column >= 0], minlength=1).max() for column in answers.T]
    return wrong[np.argsort(-np.array(alike, np.int64), kind="stable")]


def shown(found: Sequence[Clash], unknown: Places) -> Iterator[int]:
    """Yield the places of all pictures that the page shows, the most telling first."""
    yield from unknown[:NOBODY].tolist()
    for clash in found:
        for side in (clash.other_right, clash.best_right):
            yield from side[:PER_SIDE].tolist()


def story(place: int, who: Sequence[Entrant], tiles: dict[int, int], names: Callable[[int], str]) -> Plain:
    """Return what `who` said about the picture at `place`."""
    first = who[0].trainings[0]
    classes = first.classes
    row = int(first.rows[place])
    return {
        "tile": tiles.get(row),
        "name": names(row),
        "truth": first.names[place],
        "said": [_said(entrant, place, classes) for entrant in who],
    }


def told(clash: Clash, tiles: dict[int, int], names: Callable[[int], str]) -> Plain:
    """Return what the page shows about one recognizer against the best."""
    who = (clash.other, clash.best)
    sides = [
        (f"{clash.other.name} is right, {clash.best.name} wrong", clash.other_right),
        (f"{clash.best.name} is right, {clash.other.name} wrong", clash.best_right),
    ]
    return {
        "name": clash.other.name,
        "best": clash.best.name,
        "alone": len(clash.other_right),
        "best_alone": len(clash.best_right),
        "sides": [
            {"title": title, "pictures": [story(place, who, tiles, names) for place in side[:PER_SIDE].tolist()]}
            for title, side in sides
        ],
    }


def _alone(one: Entrant, other: Entrant) -> Places:
    mine, theirs = one.trainings[0], other.trainings[0]
    places = np.flatnonzero(mine.right & ~theirs.right)
    return places[np.argsort(-theirs.confidence[places], kind="stable")]


def _said(entrant: Entrant, place: int, classes: Sequence[str]) -> Plain:
    training: Answered = entrant.trainings[0]
    answer = int(training.predicted[place])
    return {
        "who": entrant.name,
        "answer": classes[answer] if answer >= 0 else "no answer",
        "right": bool(training.right[place]),
        "probability": float(training.confidence[place]) if answer >= 0 else None,
    }
