"""What the templates show beyond the run's own files: pictures with their stories, the matrix, its cells."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np

from striate.evaluate.confusion import Confusion, confused_pairs
from striate.report.answers import Answers
from striate.report.choice import PAIRS, PAIRS_OF_MANY, PER_PAIR, READABLE, Choice
from striate.report.contents import Contents, Extras
from striate.report.matrix import shares
from striate.report.thumbnails import Thumbnails


@dataclass(frozen=True)
class Shelf:
    """Gives the story of a picture by its position among the answers.

    Args:
        contents, answers, choice: of one run.
        thumbnails: the pictures that the page holds.
        extras: knows the pictures' names.
    """

    contents: Contents
    answers: Answers
    choice: Choice
    thumbnails: Thumbnails
    extras: Extras

    def pictures(self, positions: Iterable[int]) -> list[dict[str, Any]]:
        """Return the stories of several pictures."""
        return [self.picture(int(position)) for position in positions]

    def picture(self, position: int) -> dict[str, Any]:
        """Return what is said about one picture; `tile` is None where the page does not hold it."""
        answers, classes = self.answers, self.contents.classes
        row = int(answers.rows[position])
        second, second_probability = answers.runner_up(position)
        return {
            "tile": self.thumbnails.tiles.get(row),
            "name": self.extras.names(row),
            "truth": classes[answers.labels[position]],
            "answer": classes[answers.predicted[position]],
            "right": bool(answers.right[position]),
            "probability": float(answers.confidence[position]),
            "truth_probability": float(np.exp(-answers.losses[position])),
            "second": classes[second],
            "second_probability": second_probability,
        }

    def cells(self) -> dict[str, dict[str, Any]]:
        """Return, for the page's script, the pictures of every cell that can be opened: tile, probability, name."""
        found: dict[str, dict[str, Any]] = {}
        for (truth, answer), cell in self.choice.cells.items():
            held = [story for story in self.pictures(cell.shown) if story["tile"] is not None]
            if held:
                told = [[story["tile"], round(story["probability"], 4), story["name"]] for story in held]
                found[f"{truth},{answer}"] = {"total": cell.total, "pictures": told}
        return found


def matrix_rows(contents: Contents) -> list[dict[str, Any]]:
    """Return the rows of the confusion matrix for a table; none where there are too many classes to read it."""
    measured = contents.measured
    if measured is None or len(contents.classes) > READABLE:
        return []
    counts = np.array(measured["confusion"])
    shades = shares(counts) ** 0.5
    return [
        {
            "cells": [
                {"count": int(counts[truth, answer]), "shade": round(float(shades[truth, answer]), 3)}
                for answer in range(len(counts))
            ],
            "entry": measured["per_class"][truth],
        }
        for truth in range(len(counts))
    ]


def pairs(contents: Contents, shelf: Shelf | None) -> list[dict[str, Any]]:
    """Return the most confused pairs, each with its key among the cells and its first pictures."""
    measured = contents.measured
    if measured is None:
        return []
    unanswered = np.array([entry["unanswered"] for entry in measured["per_class"]])
    confusion = Confusion(np.array(measured["confusion"]), unanswered)
    limit = PAIRS if len(contents.classes) <= READABLE else PAIRS_OF_MANY
    place = {name: label for label, name in enumerate(contents.classes)}
    found = confused_pairs(confusion, contents.classes, limit)
    for pair in found:
        key = place[pair["truth"]], place[pair["answer"]]
        cell = shelf.choice.cells.get(key) if shelf else None
        stories = shelf.pictures(cell.shown[:PER_PAIR]) if shelf and cell else []
        pair["key"] = f"{key[0]},{key[1]}"
        pair["shown"] = [story for story in stories if story["tile"] is not None]
    return found


def quarantined(contents: Contents, extras: Extras) -> list[dict[str, Any]]:
    """Return the pictures that could not be read, those that went bad while training included."""
    late = contents.environment.get("unreadable_while_training") or {}
    lost = [
        {"picture": extras.names(int(row)), "split": "train", "reason": f"became unreadable while training: {reason}"}
        for row, reason in late.items()
    ]
    return [*contents.data["quarantined"], *lost]


def part_counts(contents: Contents) -> list[dict[str, Any]]:
    """Return, for each class, its name and how many pictures each part has of it, without parts that are empty."""
    counts = {part: found for part, found in contents.data["counts"].items() if any(found)}
    return [
        {"class": name, **{part: counts[part][label] for part in ("train", "val", "test") if part in counts}}
        for label, name in enumerate(contents.classes)
    ]


def bar_floor(contents: Contents) -> float:
    """Return where the bars of the class table begin: the tenth below the lowest limit."""
    lows = [
        entry[what]["low"]
        for entry in (contents.measured or {"per_class": []})["per_class"]
        for what in ("recall", "precision", "f1")
        if entry[what]["low"] is not None
    ]
    return int(min(lows, default=0.0) * 10) / 10


def told_epochs(contents: Contents) -> list[dict[str, Any]]:
    """Return the numbers of the epoch whose weights were kept as the best, and of the last one.

    It is chosen as the training loop does: by validation accuracy, of equals by validation loss, then the first.
    """
    epochs = contents.log.epochs
    count = len(epochs["epoch"])
    if not count:
        return []
    places = {count - 1: "last"}
    judged = np.nan_to_num(epochs["val_accuracy"], nan=-1.0)
    best = int(np.lexsort((epochs["val_loss"], -judged))[0])
    if judged[best] >= 0:
        places = {best: "best on validation", count - 1: "last, best on validation" if best == count - 1 else "last"}
    return [
        {"which": which, **{name: _or_none(values[place]) for name, values in epochs.items()}}
        for place, which in places.items()
    ]


def plain_facts(values: dict[str, Any], prefix: str = "") -> list[tuple[str, str]]:
    """Return nested values as rows of a table, `plan.device` for the inner ones; None is left out."""
    facts: list[tuple[str, str]] = []
    for key, value in values.items():
        if isinstance(value, dict):
            facts += plain_facts(value, f"{prefix}{key}.")
        elif value is not None:
            facts.append((f"{prefix}{key}", f"{value:.6g}" if isinstance(value, float) else str(value)))
    return facts


def _or_none(value: float) -> float | None:
    return None if np.isnan(value) else float(value)
