"""Time steps of several plans in turn, so that what else the machine does falls on all of them alike."""

import gc
import random
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

import numpy as np
import torch

from striate.runtime.choice import FAILED, Row, disagreement
from striate.runtime.plan import Plan

Clock = Callable[[], float]
Trial = Callable[[Plan], Callable[[], float]]

_ROUNDS = 9  # more make it hardly better
_TURN = 0.05  # seconds of steps in a row that a plan takes at least: a single short one finds nothing in the caches
_HOPELESS = 1.5  # times the fastest of its precision: not timed again


@dataclass
class _Run:
    """One plan's steps so far; `step` is None where it is made anew for every step that is timed."""

    plan: Plan
    step: Callable[[], float] | None = None
    first: float = 0.0
    times: list[float] = field(default_factory=list)
    losses: list[float] = field(default_factory=list)
    problem: str = ""

    @property
    def seconds(self) -> float:
        """Of a step: the least, which others on the machine disturbed least; the first where no other was taken."""
        return min(self.times, default=self.first)


class Timing:
    """Takes steps under several plans and keeps their seconds and losses.

    Args:
        trial: prepares a copy of the network under a plan; each call of what it returns takes one step.
        clock: tells seconds.
        keep: leave the copies in memory until the end; where False, one at a time.
    """

    def __init__(self, trial: Trial, clock: Clock = time.perf_counter, *, keep: bool = True) -> None:
        self.trial, self.clock, self.keep = trial, clock, keep
        self._runs: dict[Plan, _Run] = {}

    def begin(self, plan: Plan) -> float:
        """Take the first step under `plan` and return its seconds; what it cannot do is kept as its problem."""
        if plan not in self._runs:
            run = self._runs[plan] = _Run(plan)
            self._take(run, first=True)
        return self._runs[plan].first

    def rounds(self, plans: Sequence[Plan], until: float) -> None:
        """Take steps under each of `plans` in turn, and more while another round is likely to end before `until`.

        A plan's first step does not count: it also generates the kernels, 1.5 s for resnet20 in bf16.
        """
        runs = [self._runs[plan] for plan in plans]
        for done in range(_ROUNDS):
            runs = _hopeful(runs)
            expected = sum(max(run.seconds, _TURN) if self.keep else 2 * run.seconds for run in runs)
            if done and self.clock() + expected > until:
                break
            for run in runs:
                self._turn(run)

    def rows(self) -> list[Row]:
        """Return what was measured, in the order of beginning; losses are compared with those of float32."""
        exact = [run for run in self._runs.values() if run.plan.precision == "float32" and not run.problem]
        return [self._row(run, exact) for run in self._runs.values()]

    def _row(self, run: _Run, exact: Sequence[_Run]) -> Row:
        alike = [other for other in exact if other.plan.memory_format == run.plan.memory_format]
        truth = next(iter([*alike, *exact]), None)
        problem = run.problem or disagreement(run.losses, truth.losses if truth else ())
        compiling = max(0.0, run.first - run.seconds) if run.plan.compile != "off" else 0.0
        return Row(run.plan, run.seconds, tuple(run.losses), compiling, problem)

    def _turn(self, run: _Run) -> None:
        began = self.clock()
        self._take(run)
        while self.keep and not run.problem and self.clock() - began < _TURN:
            self._take(run)

    def _take(self, run: _Run, *, first: bool = False) -> None:
        try:
            with untouched_random_state(), run.plan.applied():
                step = run.step or self._made(run, again=not first)
                seconds, loss = self._timed(step, run.plan)
        except (
            RuntimeError,
            TypeError,  # a kind of number that the device lacks
            OSError,
            ImportError,
            NotImplementedError,
        ) as error:  # out of memory, no kernel, no compiler
            run.problem, run.step = f"{FAILED}: {_first_line(error)}", None
            return
        run.step = step if self.keep else None
        if first:
            run.first = seconds
        else:
            run.times.append(seconds)
        if self.keep or len(run.losses) < 2:
            run.losses.append(loss)

    def _made(self, run: _Run, *, again: bool) -> Callable[[], float]:
        if not self.keep:
            gc.collect()  # the copy before must be gone
        step = self.trial(run.plan)
        if again:
            step()  # the first step also makes room for gradients and momentum
        return step

    def _timed(self, step: Callable[[], float], plan: Plan) -> tuple[float, float]:
        _wait(plan.device)
        began = self.clock()
        loss = step()
        _wait(plan.device)
        return self.clock() - began, loss


@contextmanager
def untouched_random_state() -> Iterator[None]:
    """Put torch's, NumPy's and Python's random state back as it was."""
    devices = list(range(torch.cuda.device_count())) if torch.cuda.is_available() else []
    ours, theirs = random.getstate(), np.random.get_state()  # noqa: NPY002 it is kept for those who use it
    try:
        with torch.random.fork_rng(devices):
            yield
    finally:
        random.setstate(ours)
        np.random.set_state(theirs)  # noqa: NPY002


def _hopeful(runs: Sequence[_Run]) -> list[_Run]:
    """Return the runs without a problem that are not far slower than another of the same precision."""
    sound = [run for run in runs if not run.problem]
    fastest: dict[str, float] = {}
    for run in sound:
        fastest[run.plan.precision] = min(run.seconds, fastest.get(run.plan.precision, run.seconds))
    return [run for run in sound if not run.times or run.seconds <= _HOPELESS * fastest[run.plan.precision]]


def _wait(device: str) -> None:
    if device == "cuda":
        torch.cuda.synchronize()
    elif device == "mps":
        torch.mps.synchronize()


def _first_line(error: Exception) -> str:
    lines = str(error).strip().splitlines()
    return lines[0][:120] if lines else type(error).__name__
