"""Choose a plan by timing a few real steps of each candidate, where the training to come is worth it."""

import time
from collections.abc import Mapping
from typing import Any

import torch
from torch import nn

from striate.core.progress import say
from striate.runtime import machine, memory, remembered
from striate.runtime.choice import Choice, Row, decide, leading
from striate.runtime.plan import Plan, convolves
from striate.runtime.timing import Clock, Timing, Trial

_TOO_SHORT = 20.0  # seconds of training that no choice could shorten by more than measuring costs
_LEAST, _SHARE, _SHARE_OF_SHORT = 3.0, 0.02, 0.1  # of the training that measuring may take; at least 3 s, up to a tenth
_COMPILING = 60.0  # seconds; inductor took 20 to 90 s for networks of the zoo on 2 cores of an AMD EPYC

# Multiply-accumulates a second and seconds a step that hardly any training falls short of: what takes less than
# `_TOO_SHORT` at this pace is not worth a single trial step.
_PACE = {"cpu": (10e9, 0.02), "mps": (100e9, 0.01), "cuda": (500e9, 0.01)}

_LARGE = 2 << 30  # bytes of weights, gradients and two moments in all copies: from here on one copy at a time


def choose(
    asked: Plan,
    network: nn.Module,
    trial: Trial,
    *,
    work: int,
    steps: int,
    key: Mapping[str, Any],
    quiet: bool = False,
    clock: Clock = time.perf_counter,
) -> Choice:
    """Return the plan to train by, and print it in one line.

    Nothing is measured where nothing is left to choose, where the training is too short to gain by it, or where it
    was measured before. Measuring takes about 2 % of the training, or 3 s (a tenth of a short training) where
    that is more, and one step of each candidate at least. The network and all random state are left as they were.

    Args:
        asked: fields that are not auto restrict the candidates.
        network: what will be trained.
        trial: prepares a copy of the network under a plan, all from the same weights; each call of what it returns
            takes one training step, always on the same pictures, and returns its loss.
        work: multiply-accumulates of the forward pass of one batch.
        steps: of the training to come.
        key: plain data that tells this network, batch and optimizer from others.
        quiet: print nothing.
        clock: tells seconds.

    Raises:
        PlanError: this machine lacks what is asked for.
    """
    default = asked.resolve(network, work)
    if asked.decided:
        return Choice(default, (), "")
    if _pace(default.device, work) * steps < _TOO_SHORT:
        return _unmeasured(default, quiet=quiet)
    full_key = {**machine_key(default.device), **key, "asked": asked.model_dump(mode="json")}
    path = remembered.place(full_key)
    rows = remembered.load(path)
    known = bool(rows) and not (worth_compiling(rows, steps) and compilations(asked, default, rows))
    if not known:
        with memory.kept():  # through all steps, as in the training
            rows = _measure(asked, network, trial, work, steps, clock)
        if all(row.problem for row in rows) or rows[0].seconds * steps < _TOO_SHORT:
            return _unmeasured(default, next((row.problem for row in rows if row.problem), ""), quiet=quiet)
        if not any(row.failed for row in rows):  # an accident, such as a lack of memory, is not for ever
            remembered.save(path, full_key, rows)
    choice = decide(rows, steps)
    sentence = choice.sentence + (" (measured before)" if known else "")
    say(sentence, quiet=quiet)
    return Choice(choice.plan, choice.rows, sentence)


def candidates(asked: Plan, network: nn.Module, work: int | None = None) -> list[Plan]:
    """Return the plans that are worth timing first: the default, then other memory formats and precisions.

    Args:
        asked: fields that are not auto are kept.
        network: what will be trained.
        work: multiply-accumulates of the forward pass of one batch; None: plenty.
    """
    default = asked.resolve(network, work)
    formats: list[str] = [default.memory_format]
    if asked.memory_format == "auto" and convolves(network):
        formats.append("contiguous")
    precisions: list[str] = [default.precision]
    if asked.precision == "auto":
        offered = ("tf32", "bf16", "fp16")
        precisions += [name for name in offered if machine.lacks_precision(default.device, name) is None]
    return [
        default.model_copy(update={"precision": precision, "memory_format": memory_format})
        for precision in precisions
        for memory_format in formats
    ]


def other_threads(asked: Plan, best: Plan) -> list[Plan]:
    """Return `best` with the other number of threads that is worth timing: one, or all cores."""
    if asked.threads or best.device != "cpu" or machine.cores() == 1:
        return []
    return [best.model_copy(update={"threads": 1 if best.threads > 1 else machine.cores()})]


def compilations(asked: Plan, best: Plan, rows: list[Row]) -> list[Plan]:
    """Return the compiled plans that are worth timing beside `best` and are not in `rows`."""
    if asked.compile != "auto":
        return []
    modes = [mode for mode in ("default", "graphs") if machine.lacks_compiler(best.device, mode) is None]
    tried = {row.plan.compile for row in rows}
    return [best.model_copy(update={"compile": mode}) for mode in modes if mode not in tried]


def worth_compiling(rows: list[Row], steps: int) -> bool:
    """Say whether the training is so long that the time for compiling is within what measuring may take."""
    seconds = min((row.seconds for row in rows if not row.problem), default=0.0)
    return allowance(steps * seconds) >= _COMPILING


def allowance(to_come: float) -> float:
    """Return the seconds that measuring may take before a training of `to_come` seconds."""
    return max(min(_LEAST, _SHARE_OF_SHORT * to_come), _SHARE * to_come)


def measure(
    asked: Plan, network: nn.Module, timing: Timing, *, work: int, until: float, compiling: bool = False
) -> None:
    """Time the candidates: precision and memory format, then threads, then the compiled network.

    Args:
        asked: fields that are not auto are kept.
        network: what will be trained.
        timing: takes the steps and keeps what it measured.
        work: multiply-accumulates of the forward pass of one batch.
        until: when to stop, on the timing's clock; one step of each is taken in any case.
        compiling: try compiled networks too.
    """
    plans = candidates(asked, network, work)
    for plan in plans:
        timing.begin(plan)
    now = timing.clock()
    timing.rounds(plans, now + 0.7 * (until - now))
    leaders = leading(timing.rows()) or plans[:1]
    threads = [plan for leader in leaders for plan in other_threads(asked, leader)]
    for plan in threads:
        timing.begin(plan)
    if threads:
        timing.rounds([*leaders, *threads], until)
    best = _best(timing, plans[0])
    compiled = compilations(asked, best, timing.rows()) if compiling else []
    for plan in compiled:
        timing.begin(plan)
    if compiled:
        timing.rounds([best, *compiled], timing.clock() + _LEAST)


def machine_key(device: str) -> dict[str, Any]:
    """Return what tells this machine, as far as speed goes, from others."""
    return {"processor": machine.processor(device), "cores": machine.cores(), "torch": torch.__version__}


def fits_many_times(network: nn.Module, copies: int) -> bool:
    """Say whether so many copies of `network`, each with gradients and optimizer, may lie in memory at once."""
    weights = sum(parameter.numel() * parameter.element_size() for parameter in network.parameters())
    return 4 * weights * copies < _LARGE


def _measure(asked: Plan, network: nn.Module, trial: Trial, work: int, steps: int, clock: Clock) -> list[Row]:
    """Time the candidates, or only the default where its first step shows the training to be short."""
    plans = candidates(asked, network, work)
    timing = Timing(trial, clock, keep=fits_many_times(network, len(plans) + 2))
    began = clock()
    to_come = timing.begin(plans[0]) * steps
    if to_come >= _TOO_SHORT:  # unless the first step took its time to warm up
        timing.rounds(plans[:1], began)
        to_come = timing.rows()[0].seconds * steps
    if to_come < _TOO_SHORT:
        return timing.rows()
    until = began + allowance(to_come)
    measure(asked, network, timing, work=work, until=until, compiling=allowance(to_come) >= _COMPILING)
    return timing.rows()


def _best(timing: Timing, default: Plan) -> Plan:
    rows = timing.rows()
    return decide(rows, 1).plan if any(not row.problem for row in rows) else default


def _pace(device: str, work: int) -> float:
    """Return the seconds that a step hardly ever exceeds; forward and backward are three times the forward pass."""
    rate, least = _PACE[device]
    return least + 3 * work / rate


def _unmeasured(default: Plan, problem: str = "", *, quiet: bool) -> Choice:
    reason = f"not measured: {problem}" if problem else "not measured, the training is short"
    sentence = f"plan: {default.words()} ({reason})"
    say(sentence, quiet=quiet)
    return Choice(default, (), sentence)
