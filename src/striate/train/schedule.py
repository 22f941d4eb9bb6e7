"""Schedules: the learning rate as a function of the step, so that a resumed run needs no state for it.

Only `plateau` depends on what happened; how often it fell is kept in the checkpoint.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

from striate.train.recipe import Schedule


@dataclass(frozen=True)
class _Moment:
    epoch: float  # done so far
    progress: float  # from the end of the warm-up, 0, to the end of the training, 1
    falls: int


def factor_at(schedule: Schedule, step: int, *, steps_per_epoch: int, epochs: int, falls: int = 0) -> float:
    """Return what the recipe's learning rate is multiplied by for the step after `step` steps.

    Args:
        schedule: of the recipe.
        step: steps done so far, from 0.
        steps_per_epoch: of the training.
        epochs: that the training lasts.
        falls: how often a plateau was met.
    """
    if schedule.name == "onecycle":
        return _onecycle(schedule, step + 1, steps_per_epoch * epochs, schedule.warmup * steps_per_epoch)
    epoch = step / steps_per_epoch
    if epoch < schedule.warmup:
        return min(1.0, (step + 1) / (schedule.warmup * steps_per_epoch))
    progress = min((epoch - schedule.warmup) / max(epochs - schedule.warmup, 1e-9), 1.0)
    return _FACTORS[schedule.name](schedule, _Moment(epoch, progress, falls))


def _onecycle(schedule: Schedule, step: int, steps: int, rise: float) -> float:
    # Smith and Topin, 2017, https://arxiv.org/abs/1708.07120, with straight lines up and down
    rise = rise or 0.2 * steps
    if steps == 1:  # it has no room to rise and fall
        return 1.0
    if step <= rise:
        return step / rise
    return schedule.final + (1 - schedule.final) * max(steps - step, 0) / max(steps - rise, 1e-9)


def _step(schedule: Schedule, now: _Moment) -> float:
    return math.pow(schedule.factor, int(now.epoch / schedule.every))


def _multistep(schedule: Schedule, now: _Moment) -> float:
    return math.pow(schedule.factor, sum(now.epoch >= milestone for milestone in schedule.milestones))


def _polynomial(schedule: Schedule, now: _Moment) -> float:
    return schedule.final + (1 - schedule.final) * math.pow(1 - now.progress, schedule.power)


def _cosine(schedule: Schedule, now: _Moment) -> float:
    # Loshchilov and Hutter, 2016, https://arxiv.org/abs/1608.03983, equation 5, without restarts
    return schedule.final + (1 - schedule.final) * (1 + math.cos(math.pi * now.progress)) / 2


_FACTORS: dict[str, Callable[[Schedule, _Moment], float]] = {
    "fixed": lambda _schedule, _now: 1.0,
    "step": _step,
    "multistep": _multistep,
    "exponential": lambda schedule, now: math.pow(schedule.factor, now.epoch),
    "polynomial": _polynomial,
    "cosine": _cosine,
    "plateau": lambda schedule, now: math.pow(schedule.factor, now.falls),
}
