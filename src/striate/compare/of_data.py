"""Compare models on a set of pictures: one table, one split, a budget shared out; every training a run of its own.

What was chosen and what is done is in the comparison's folder, so that a killed one goes on where it stood.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from shutil import rmtree
from typing import Any

from striate.compare import budget as budgets
from striate.compare import jobs as ledgers
from striate.compare.budget import Budget, Need
from striate.compare.engines import Engine, Name, engine, require
from striate.compare.entrants import has_epochs
from striate.compare.jobs import Job, Ledger, State
from striate.compare.of_runs import RESULT, Compared, compare_runs
from striate.compare.sizing import sizes
from striate.core.errors import DataError, Interrupted, PlanError, RecipeError
from striate.core.files import alone, free_name
from striate.core.progress import say
from striate.data.examine import with_hashes
from striate.report import words
from striate.runtime import machine
from striate.sources import open_table
from striate.train import models
from striate.train.begin import Request, resolve
from striate.train.recipe import settings_to_values

_PRIOR = 0.1  # of the budget: what the first jobs took does not yet say how wrong all estimates are
_ENDING = 6.0  # seconds for the comparison itself, and this much more a recognizer:
_ENDING_EACH = 1.5

Clock = Callable[[], float]


@dataclass(frozen=True)
class Wish:
    """What is to be compared.

    Args:
        data: a folder, a table, or a known set.
        models: two or more, as `striate train --model` takes them.
        budget: as the user wrote it; None: every model by its own recipe.
        seeds: trainings of each.
        lanes: how many train at once.
        engine: local or ray; see `engines.engine`.
        out: the folder; an existing name gets a number.
        data_root: where the files of a known set lie.
        settings: recipe fields for all.
        quiet: print nothing.
    """

    data: str
    models: Sequence[str]
    budget: str | None = None
    seeds: int = 1
    lanes: int = 1
    engine: Name = "local"
    out: Path | None = None
    data_root: str | None = None
    settings: Sequence[str] = ()
    quiet: bool = False


def begin(wish: Wish) -> Compared:
    """Train and compare.

    Raises:
        RecipeError: fewer than two models, or a budget that is too short.
        UnknownName: a model that is in no catalog.
        StriateError: what `striate train` would refuse for all of them.
        Interrupted: the user stopped it; `go_on` carries on.
    """
    began = time.monotonic()
    budget = budgets.parse(wish.budget) if wish.budget else Budget("")
    if len(wish.models) < 2:
        raise RecipeError(f"{', '.join(wish.models) or 'no model'} alone is no comparison: name two models or more")
    if min(wish.seeds, wish.lanes) < 1:
        raise RecipeError("a comparison takes one seed or more, and one job at a time or more")
    require(wish.engine)
    settings_to_values(wish.settings)
    for model in wish.models:
        models.check(model)
    jobs = ledgers.make_jobs(wish.models, wish.seeds)
    ledger = _prepared(wish, budget, jobs)
    say(f"in {ledger.folder}; if it is stopped: striate compare --resume {ledger.folder}", quiet=wish.quiet)
    with alone(ledger.folder):
        if budget.seconds is not None:
            try:
                ledger = _sized(ledger, budget, wish, began)
            except (RecipeError, PlanError):  # it cannot begin, and nothing is trained yet
                rmtree(ledger.folder, ignore_errors=True)
                raise
        return _carried_out(ledger, wish.lanes, wish.engine, began, quiet=wish.quiet)


def go_on(folder: Path, *, lanes: int = 1, name: Name = "local", quiet: bool = False) -> Compared:
    """Carry a stopped comparison on; what is finished is not repeated.

    Raises:
        DataError: the folder holds none, or the pictures have changed since it began.
    """
    began = time.monotonic()
    require(name)
    ledger = ledgers.read(folder)
    table = with_hashes(open_table(ledger.data, data_root=ledger.data_root), quiet=quiet)
    if table.fingerprint != ledger.fingerprint:
        raise DataError(
            f"{ledger.data} has changed since {folder} began, so what is still to be trained would see other pictures. "
            "Put the data back as it was, or begin anew"
        )
    with alone(folder):
        if ledger.budget and budgets.parse(ledger.budget).seconds is not None and not ledger.needs:
            models = list(dict.fromkeys(job.model for job in ledger.jobs))
            wish = Wish(ledger.data, models, lanes=lanes, data_root=ledger.data_root, quiet=quiet)
            ledger = _sized(ledger, budgets.parse(ledger.budget), wish, began)
        return _carried_out(ledger, lanes, name, began, quiet=quiet)


def _prepared(wish: Wish, budget: Budget, jobs: list[Job]) -> Ledger:
    """Look at the pictures once, write the split that all will have, and the list of jobs."""
    settings = list(wish.settings)
    model = wish.models[0]
    values = ledgers.settings_for(model, settings)
    data, _ = resolve(Request(data=wish.data, model=model, values=values, data_root=wish.data_root, quiet=True))
    kinds = f"{len(data.table):,} pictures of {len(data.table.classes)} classes"
    say(f"{data.table.location}: {kinds}; {data.split.origin}", quiet=wish.quiet)
    short = Path(data.table.location).stem if data.table.pixels is None else data.table.source
    folder = free_name(wish.out or Path("runs") / f"{short}-comparison")
    (folder / ledgers.RUNS).mkdir(parents=True)
    data.split.save(folder / ledgers.SPLIT)
    if budget.epochs is not None:
        jobs = [replace(job, epochs=budget.epochs) if has_epochs(job.model) else job for job in jobs]
    if wish.lanes > 1:
        threads = max(1, machine.cores() // wish.lanes)
        jobs = [replace(job, settings={"plan.threads": threads}) for job in jobs]
    location = data.table.location if data.table.pixels is not None else str(Path(data.table.location).resolve())
    ledger = Ledger(folder.resolve(), location, wish.data_root, data.table.fingerprint, budget.text, settings, jobs, {})
    ledger.save()
    return ledger


def _sized(ledger: Ledger, budget: Budget, wish: Wish, began: float) -> Ledger:
    """Time a few steps of every model, and settle the plan that it is trained by.

    Args:
        ledger: with jobs that are not timed yet.
        budget: of time.
        wish: what the user wants.
        began: when this process began with it, of `time.monotonic`.
    """
    assert budget.seconds is not None
    share = budget.seconds * wish.lanes / len(ledger.jobs)
    first = {job.model: job for job in reversed(ledger.jobs)}
    models = list(dict.fromkeys(job.model for job in ledger.jobs))
    requests = [ledgers.request(ledger, first[model], quiet=True) for model in models]
    needs: dict[str, Need] = {}
    settings: dict[str, dict[str, Any]] = {}
    reasons: dict[str, str] = {}
    for model, sized in zip(models, sizes(requests, share=share, folder=ledger.folder, lanes=wish.lanes), strict=True):
        if isinstance(sized, str):
            reasons[model] = sized
        else:
            needs[model] = sized.need
            settings[model] = {**first[model].settings, **{f"plan.{k}": value for k, value in sized.plan.items()}}
        say(f"{model}: {sized if isinstance(sized, str) else _told(sized.need)}", quiet=wish.quiet)
    running = [job.model for job in ledger.jobs if job.model in needs]
    spent = ledger.spent + time.monotonic() - began + _ENDING + _ENDING_EACH * len(models)
    budgets.check(running, needs, budget, wish.lanes, spent=spent)
    jobs = [
        replace(job, state=State.FAILED, reason=reasons[job.model])
        if job.model in reasons
        else replace(job, settings=settings[job.model])
        for job in ledger.jobs
    ]
    return replace(ledger, jobs=jobs, needs={model: vars(need) for model, need in needs.items()})


def _carried_out(ledger: Ledger, lanes: int, name: Name, began: float, *, quiet: bool) -> Compared:
    result = ledger.folder / RESULT
    if result.is_file() and not ledger.of(State.WAITING):
        return Compared(ledger.folder, json.loads(result.read_text(encoding="utf-8")))
    try:
        with engine(name, lanes, quiet=quiet) as running:
            ledger = Course(ledger, lanes, began, quiet=quiet).run(running)
    except (Interrupted, KeyboardInterrupt):
        raise Interrupted(f"stopped; nothing is lost. Go on with: striate compare --resume {ledger.folder}") from None
    failed = [{"name": job.name, "reason": job.reason} for job in ledger.of(State.FAILED)]
    done = ledger.of(State.DONE)
    if len(done) < 2:
        reasons = "; ".join(f"{lost['name']}: {lost['reason']}" for lost in failed)
        raise DataError(f"nothing to compare: {len(done)} of {len(ledger.jobs)} trainings came to an end. {reasons}")
    return compare_runs([ledger.run(job) for job in done], ledger.folder, failed=failed, quiet=quiet)


class Course:
    """The jobs from the first to the last: each gets its epochs when it begins, by what is left of the budget.

    Args:
        ledger: where they stand.
        lanes: how many run at once.
        began: when this process began with them, on `clock`.
        quiet: print nothing.
        clock: tells seconds.
    """

    def __init__(
        self, ledger: Ledger, lanes: int, began: float, *, quiet: bool = False, clock: Clock = time.monotonic
    ) -> None:
        self._ledger, self._lanes, self._quiet, self._clock = ledger, lanes, quiet, clock
        self._began, self._spent_before = began, ledger.spent
        self._needs = {model: Need(**need) for model, need in ledger.needs.items()}
        self._seconds = budgets.parse(ledger.budget).seconds if ledger.budget else None
        self._running: dict[str, tuple[float, float]] = {}  # by name: when it began, the seconds that it was timed at
        self._expected = self._taken = _PRIOR * (self._seconds or 0.0)

    def run(self, engine: Engine) -> Ledger:
        """Carry all jobs out and return the ledger."""
        waiting = [job.name for job in self._in_order(self._ledger.of(State.WAITING))]
        while waiting or self._running:
            while waiting and len(self._running) < self._lanes:
                engine.begin(*self._begin(waiting.pop(0), waiting))
            for name, reason in engine.ended():
                self._end(name, reason)
        return self._ledger

    @property
    def _spent(self) -> float:
        return self._spent_before + self._clock() - self._began

    def _in_order(self, jobs: list[Job]) -> list[Job]:
        """Return the jobs as they are best begun under a budget of time: those without epochs, then the shortest first.

        What cannot be shortened goes first, so that the others share what it really leaves. Of those, each teaches how
        right the estimates are, so the long ones, which matter, are sized by what is known by then.
        """
        if not self._needs:
            return jobs
        costs = {model: (need.epochs is not None, need.takes(need.epochs)) for model, need in self._needs.items()}
        return sorted(jobs, key=lambda job: (costs[job.model], job.seed))

    def _begin(self, name: str, others: list[str]) -> tuple[Ledger, Job]:
        job = self._job(name)
        if self._needs:
            job = replace(job, epochs=self._epochs(job, [self._job(other) for other in others]))
        left = max(0.0, self._needs[job.model].takes(job.epochs) - job.seconds) if self._needs else 0.0
        self._running[name] = self._clock(), left
        self._ledger = replace(self._ledger, spent=self._spent)
        self._ledger = self._ledger.changed(name, state=State.BEGUN, epochs=job.epochs, seconds=job.seconds)
        told = "" if job.epochs is None else f", {job.epochs} epoch{'' if job.epochs == 1 else 's'}"
        place = len(self._ledger.jobs) - len(others)
        say(f"[{place}/{len(self._ledger.jobs)}] {name}{told}", quiet=self._quiet)
        return self._ledger, self._job(name)

    def _end(self, name: str, reason: str) -> None:
        began, expected = self._running.pop(name)
        taken = self._clock() - began
        if not reason and self._job(name).epochs is not None:
            self._expected += expected
            self._taken += taken
        self._ledger = replace(self._ledger, spent=self._spent)
        changes = {"state": State.FAILED if reason else State.DONE, "reason": reason}
        self._ledger = self._ledger.changed(name, seconds=self._job(name).seconds + taken, **changes)
        say(f"{name}: {'failed: ' + reason if reason else f'done in {words.duration(taken)}'}", quiet=self._quiet)

    def _epochs(self, job: Job, others: Sequence[Job]) -> int | None:
        """Return the epochs of the model whose first job is about to begin; another seed of it has the same."""
        settled = {known.model: known.epochs for known in self._ledger.jobs if known.epochs is not None}
        if job.model in settled:
            return settled[job.model]
        assert self._seconds is not None
        now, slowness = self._clock(), self._slowness
        busy = [max(0.0, expected - (now - began) / slowness) for began, expected in self._running.values()]
        lanes = [*busy, *[0.0] * (self._lanes - len(busy))]
        models = [job.model, *(other.model for other in others)]
        recognizers = len({known.model for known in self._ledger.jobs})
        left = self._seconds - self._spent - _ENDING - _ENDING_EACH * recognizers
        return budgets.share_out(models, self._needs, left / slowness, settled=settled, lanes=lanes)[job.model]

    @property
    def _slowness(self) -> float:
        """How many times longer the trainings in epochs so far took than was expected."""
        return self._taken / self._expected if self._expected else 1.0

    def _job(self, name: str) -> Job:
        return next(job for job in self._ledger.jobs if job.name == name)


def _told(need: Need) -> str:
    if need.epochs is None:
        return f"about {words.duration(need.fixed)}"
    whole = words.duration(need.takes(need.epochs))
    return f"{need.epoch:.2g} s an epoch; {need.epochs} epochs, as its own recipe has, would take {whole}"
