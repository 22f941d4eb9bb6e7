"""Which of the plans that were timed is taken, and the sentence that says so."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from striate.runtime.plan import Plan

# What a candidate must gain, including the time its compiling takes, to be worth its doubts.
_WORTH_LEAVING_FLOAT32 = 1.15  # DESIGN, decision 15
_WORTH_COMPILING = 1.05
_WORTH_SCALING = 1.05  # fp16 needs its loss scaled and leaves out steps; bf16 at the same speed does not
_WORTH_SAYING = 1.05

# The losses of the first two steps, from the same weights on the same pictures, must agree with float32 within 5 % of
# the loss that it began with, or 0.05 of one below 1. Numbers and reasons: docs/decisions, "How a plan is measured".
_TOLERANCE = 0.05
FAILED = "it failed"
_COMPARED = 2


@dataclass(frozen=True)
class Row:
    """What was measured of one plan.

    Args:
        plan: decided in every field.
        seconds: of one step, the least that was measured.
        losses: of its first steps.
        compile_seconds: that the first step took longer for being compiled.
        problem: why the plan is out; empty where it is not.
    """

    plan: Plan
    seconds: float
    losses: tuple[float, ...]
    compile_seconds: float = 0.0
    problem: str = ""

    @property
    def failed(self) -> bool:
        """Whether it could not be timed, which may be otherwise another time."""
        return self.problem.startswith(FAILED)

    def cost(self, steps: int) -> float:
        """Return the seconds a step of a training of `steps` steps, its share of the compiling included.

        An epoch's batches have two sizes as a rule, so that the network is compiled twice.
        """
        return self.seconds + 2 * self.compile_seconds / max(steps, 1)


@dataclass(frozen=True)
class Choice:
    """The plan that is taken, what was measured for it (nothing, perhaps), and the sentence that says so."""

    plan: Plan
    rows: tuple[Row, ...]
    sentence: str


def decide(rows: Sequence[Row], steps: int) -> Choice:
    """Return the best of `rows`, of which one is without a problem at least.

    Another precision than float32 is taken for a gain of 15 % or more only; of one precision, the fastest is taken.

    Args:
        rows: what was measured.
        steps: of the training to come, over which a compiled network pays back.
    """
    sound = [row for row in rows if not row.problem]
    exact = _fastest((row for row in sound if row.plan.precision == "float32"), steps)
    rough = _fastest((row for row in sound if row.plan.precision != "float32"), steps)
    best = exact or rough
    if exact and rough and exact.cost(steps) >= _WORTH_LEAVING_FLOAT32 * rough.cost(steps):
        best = rough
    assert best is not None
    return Choice(best.plan, tuple(rows), _sentence(best, rows, steps))


def leading(rows: Sequence[Row]) -> list[Plan]:
    """Return the fastest plan of float32 and the fastest of another precision, of those without a problem."""
    sound = [row for row in rows if not row.problem]
    exact = _fastest((row for row in sound if row.plan.precision == "float32"), 1)
    rough = _fastest((row for row in sound if row.plan.precision != "float32"), 1)
    return [row.plan for row in (exact, rough) if row is not None]


def plain(rows: Iterable[Row]) -> Row | None:
    """Return the first row of float32, contiguous, not compiled: what a training runs by where nobody chooses."""
    as_usual = ("float32", "contiguous", "off")
    found = (row for row in rows if (row.plan.precision, row.plan.memory_format, row.plan.compile) == as_usual)
    return next(found, None)


def disagreement(losses: Sequence[float], exact: Sequence[float]) -> str:
    """Return how the losses of the first steps depart from float32's too far; empty where they agree."""
    scale = max([abs(truth) for truth in exact[:1] if math.isfinite(truth)], default=0.0)
    for step, (loss, truth) in enumerate(zip(losses[:_COMPARED], exact[:_COMPARED], strict=False), 1):
        if not math.isfinite(loss):
            return f"its loss is not finite at step {step}"
        if math.isfinite(truth) and abs(loss - truth) > _TOLERANCE * max(scale, 1.0):
            return f"its loss is {loss:.4g} at step {step}, float32's {truth:.4g}"
    return ""


def _fastest(rows: Iterable[Row], steps: int) -> Row | None:
    return min(rows, key=lambda row: row.cost(steps) * _handicap(row.plan), default=None)


def _handicap(plan: Plan) -> float:
    compiled = 1.0 if plan.compile == "off" else _WORTH_COMPILING
    return compiled * (_WORTH_SCALING if plan.precision == "fp16" else 1.0)


def _sentence(best: Row, rows: Sequence[Row], steps: int) -> str:
    usual = plain(rows)
    gain = usual.cost(steps) / best.cost(steps) if usual else 1.0
    told = f"plan: {best.plan.words()}"
    if gain >= _WORTH_SAYING:
        told += f": {gain:.1f}x float32 contiguous" if gain >= 1.1 else f": {gain:.2f}x float32 contiguous"
    if best.plan.precision != "float32":
        return f"{told}; chosen"
    others = [row for row in rows if row.plan.precision != "float32"]
    return "; ".join([told, *_why_not(best, others, steps), "chosen"])


def _why_not(best: Row, others: Sequence[Row], steps: int) -> list[str]:
    """Say of the best of `others` what keeps it from being taken."""
    sound = [row for row in others if not row.problem]
    rival = _fastest(sound, steps) or next(iter(others), None)
    if rival is None:
        return []
    if rival.problem:
        return [f"{rival.plan.precision} is out: {rival.problem}"]
    gain = best.cost(steps) / rival.cost(steps) - 1
    if gain < 0.01:
        return [f"{rival.plan.precision} is no faster"]
    return [f"{rival.plan.precision} gains {100 * gain:.0f} %, not worth leaving float32"]
