"""A budget, and how it is shared out: everybody gets what they want, or else the same level, as water finds it."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from striate.core.errors import RecipeError

_UNITS = {"s": 1, "m": 60, "h": 3600}
_HALVINGS = 50  # of the level that is looked for


@dataclass(frozen=True)
class Budget:
    """What a comparison may take.

    Args:
        text: as the user wrote it.
        seconds: in all; None where epochs are given.
        epochs: of each training; None where a time is given.
    """

    text: str
    seconds: float | None = None
    epochs: int | None = None


@dataclass(frozen=True)
class Need:
    """What a recognizer's training takes, as it was timed.

    Args:
        fixed: seconds before, after and around the training.
        epoch: seconds of an epoch with its validation; 0 where there are none.
        epochs: of its own recipe; None where it has none.
    """

    fixed: float
    epoch: float
    epochs: int | None

    def within(self, seconds: float) -> int | None:
        """Return how many epochs fit into so many seconds: one at least, and no more than its recipe has."""
        if self.epochs is None:
            return None
        fitting = int((seconds - self.fixed) / self.epoch) if self.epoch > 0 else self.epochs
        return max(1, min(self.epochs, fitting))

    def takes(self, epochs: int | None) -> float:
        """Return the seconds that so many epochs take."""
        return self.fixed + self.epoch * (epochs or 0)


def parse(text: str) -> Budget:
    """Read a budget: 90s, 30m, 2h for all together, or 10e for ten epochs each.

    Raises:
        RecipeError: anything else.
    """
    found = re.fullmatch(r"(\d+(?:\.\d+)?)\s*([smhe])", text.strip().lower())
    if found is None or float(found[1]) <= 0 or (found[2] == "e" and not found[1].isdecimal()):
        raise RecipeError(f"--budget {text}: write 90s, 30m or 2h for all together, or 10e for ten epochs each")
    if found[2] == "e":
        return Budget(text, epochs=int(found[1]))
    return Budget(text, seconds=float(found[1]) * _UNITS[found[2]])


def makespan(durations: Sequence[float], lanes: Sequence[float]) -> float:
    """Return when the last of the jobs is done, if each begins in the lane that is free first.

    Args:
        durations: of the jobs, in their order, in seconds.
        lanes: when each lane is free, in seconds from now.
    """
    free = list(lanes)
    for duration in durations:
        place = free.index(min(free))
        free[place] += duration
    return max(free)


def share_out(
    jobs: Sequence[str],
    needs: Mapping[str, Need],
    seconds: float,
    *,
    settled: Mapping[str, int | None],
    lanes: Sequence[float] = (0.0,),
) -> dict[str, int | None]:
    """Return the epochs of each model so that all jobs end within `seconds`, or as near to it as one epoch each allows.

    A model whose own recipe takes less than its share is given that, and the others share what it leaves.

    Args:
        jobs: the model of each job to come, in their order.
        needs: by model.
        seconds: that are left.
        settled: models whose epochs are chosen already, as another seed has begun.
        lanes: when each lane is free, in seconds from now.
    """

    def epochs(level: float) -> dict[str, int | None]:
        return {model: settled[model] if model in settled else needs[model].within(level) for model in set(jobs)}

    def ends(level: float) -> float:
        chosen = epochs(level)
        return makespan([needs[model].takes(chosen[model]) for model in jobs], lanes)

    low, high = 0.0, max((need.takes(need.epochs) for need in needs.values()), default=0.0)
    if ends(high) <= seconds:
        return epochs(high)
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        low, high = (middle, high) if ends(middle) <= seconds else (low, middle)
    return epochs(low)


def check(jobs: Sequence[str], needs: Mapping[str, Need], budget: Budget, lanes: int, *, spent: float = 0.0) -> None:
    """Refuse a budget in which not even one epoch of each fits.

    Args:
        jobs: the model of each, in their order.
        needs: by model.
        budget: what all may take.
        lanes: how many run at once.
        spent: seconds of it that are gone, or needed for other things.

    Raises:
        RecipeError: with the least that is needed, and who needs most of it.
    """
    if budget.seconds is None or not jobs:
        return
    least = {model: needs[model].takes(needs[model].within(0.0)) for model in jobs}
    needed = makespan([least[model] for model in jobs], [0.0] * lanes)
    if needed + spent > budget.seconds:
        hungry = max(least, key=lambda model: least[model])
        raise RecipeError(
            f"--budget {budget.text} is too short: one epoch of each takes about {needed:.0f} s, {hungry} alone "
            f"{least[hungry]:.0f} s, and timing them and the comparison itself {spent:.0f} s. Give "
            f"{math.ceil(needed + spent)} s or more, leave {hungry} out, or count epochs: --budget 1e"
        )
