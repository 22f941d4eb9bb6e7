"""Which pictures the report shows: samples, the worst errors, the least sure right answers, the matrix's cells."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from striate.core import seeds
from striate.report.answers import Answers, Rows
from striate.report.thumbnails import in_turn

GALLERY = 24  # worst errors, and as many least sure right answers
PER_CELL = 24
PER_PAIR = 4  # shown beside a confused pair without a click
READABLE = 30  # up to so many classes every cell of the matrix opens; of more, only the most confused pairs
PAIRS, PAIRS_OF_MANY = 10, 30


@dataclass(frozen=True)
class Cell:
    """One filled cell of the confusion matrix.

    Args:
        truth, answer: labels.
        total: how many pictures are in it.
        shown: positions among the answers of the first of them.
    """

    truth: int
    answer: int
    total: int
    shown: Rows


@dataclass(frozen=True)
class Choice:
    """Positions among the answers, by where they are shown.

    Args:
        samples: for each class a few pictures, drawn without a look at the answers.
        worst: wrong answers by falling loss.
        least_sure: right answers by rising probability.
        cells: by truth and answer.
    """

    samples: list[Rows]
    worst: Rows
    least_sure: Rows
    cells: dict[tuple[int, int], Cell]

    def positions(self) -> Iterator[int]:
        """Yield every position, those first that the page needs without a click."""
        for group in (self.worst, self.least_sure):
            yield from map(int, group)
        wrong = [cell for cell in self.cells.values() if cell.truth != cell.answer]
        wrong.sort(key=lambda cell: -cell.total)
        yield from in_turn(cell.shown[:PER_PAIR].tolist() for cell in wrong[:PAIRS_OF_MANY])
        yield from in_turn(rows.tolist() for rows in self.samples)
        yield from in_turn(cell.shown.tolist() for cell in wrong)
        yield from in_turn(cell.shown.tolist() for cell in self.cells.values())


def choose(answers: Answers, classes: int) -> Choice:
    """Choose the pictures to show."""
    found = [Cell(t, a, len(positions), positions[:PER_CELL]) for t, a, positions in answers.cells()]
    if classes > READABLE:
        found = sorted((cell for cell in found if cell.truth != cell.answer), key=lambda cell: -cell.total)[
            :PAIRS_OF_MANY
        ]
    return Choice(
        samples=[_samples(answers.of_class(label), _per_class(classes)) for label in range(classes)],
        worst=answers.worst(GALLERY),
        least_sure=answers.least_sure(GALLERY),
        cells={(cell.truth, cell.answer): cell for cell in found},
    )


def _samples(positions: Rows, count: int) -> Rows:
    draw = seeds.generator("report", "samples", len(positions))
    return np.sort(draw.choice(positions, min(count, len(positions)), replace=False)) if len(positions) else positions


def _per_class(classes: int) -> int:
    return 10 if classes <= 12 else 6 if classes <= 30 else 4
