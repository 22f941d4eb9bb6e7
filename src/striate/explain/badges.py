"""Badges: what the evidence for a map says, in words that a reader of its page understands, with the numbers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from striate.explain.evidence import Areas, Estimate, Evidence
from striate.report.words import MINUS, percent

# Limits of the words, chosen for this page: between the two a map is said to do so in part.
CHANGES, IGNORES = 0.3, 0.7  # rank correlation with maps of other weights
COMPLETE = 0.01  # of the change of the score
STEADY = 0.9  # rank correlation between seeds
MOVES = 0.01  # of probability: where no order changes more, none can be told from another

Verdict = Literal["pass", "warn", "fail", "undecidable"]
_COVERS = {"blur": "a blur", "mean color": "the mean color"}
MARKS: dict[Verdict, str] = {"pass": "✓", "warn": "!", "fail": "✕", "undecidable": "?"}


@dataclass(frozen=True)
class Badge:
    """One claim.

    Args:
        verdict: pass: this does not speak against the map, which is no proof of it.
        claim: in a few words.
        numbers: what it rests on.
    """

    verdict: Verdict
    claim: str
    numbers: str

    @property
    def mark(self) -> str:
        """One character for the verdict."""
        return MARKS[self.verdict]


def badges(evidence: Evidence) -> list[Badge]:
    """Say what the evidence for one map says."""
    if evidence.constant:
        return [
            Badge("undecidable", "says nothing", "it has the same value everywhere, which nothing can be tested on")
        ]
    said = [_weights(evidence), _counts(evidence.areas)]
    if evidence.completeness is not None:
        said.append(_sum(evidence.completeness))
    if evidence.seeds is not None:
        said.append(_seeds(evidence.seeds))
    return said


def signed(value: float, digits: int = 2) -> str:
    """Write a number with a true minus sign, and no minus before zero."""
    text = f"{abs(value):.{digits}f}"
    return f"{MINUS}{text}" if value < 0 and float(text) else text


def _weights(evidence: Evidence) -> Badge:
    found = evidence.randomized
    numbers = f"rank correlation {_with_range(found)} after its weights are drawn anew"
    if abs(found.value) <= CHANGES:
        return Badge("pass", "changes with the weights", f"{numbers}: not disproved")
    if abs(found.value) < IGNORES:
        return Badge("warn", "changes with the weights in part", numbers)
    return Badge("fail", "hardly changes with the weights", f"{numbers}: it shows the picture more than the network")


def _counts(areas: tuple[Areas, ...]) -> Badge:
    numbers = "insertion less deletion " + ", ".join(
        f"{signed(area.gain)} over {_COVERS[area.cover]} (middle {signed(area.center)}, "
        f"random {signed(area.random.value)})"
        for area in areas
    )
    gains = [gain for area in areas for gain in (area.gain, area.center, area.random.low, area.random.high)]
    if max(map(abs, gains)) < MOVES:
        return Badge("undecidable", "cannot be tested by covering", f"the probability hardly changes: {numbers}")
    beaten = [(area.gain <= area.center) + 2 * (area.gain <= area.random.high) for area in areas]
    if not any(beaten):
        return Badge("pass", "points at what counts", numbers)
    if all(rival >= 2 for rival in beaten):
        return Badge("fail", "points at nothing that counts", f"{numbers}: no better than a random order")
    return Badge("warn", "points at what counts in part", numbers)


def _sum(gap: float) -> Badge:
    if gap <= COMPLETE:
        return Badge("pass", "adds up", f"its sum misses the change of the score by {percent(gap)}")
    return Badge("warn", "does not add up", f"its sum misses the change of the score by {percent(min(gap, 99.0))}")


def _seeds(found: Estimate) -> Badge:
    numbers = f"rank correlation {_with_range(found)} from seed to seed"
    return Badge("pass", "steady", numbers) if found.low >= STEADY else Badge("warn", "changes with the seed", numbers)


def _with_range(found: Estimate) -> str:
    return f"{signed(found.value)} ({signed(found.low)} to {signed(found.high)})"
