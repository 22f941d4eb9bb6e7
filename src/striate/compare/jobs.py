"""The jobs of a comparison, one training each, and where they stand; kept in a file, so that a killed one goes on."""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace
from enum import StrEnum
from pathlib import Path
from typing import Any

from striate.core.errors import DataError, DoesNotApply, PlanError, RecipeError, TrainingStopped, UnknownName
from striate.core.files import intact, write_json
from striate.report.of_run import report
from striate.train import pipeline
from striate.train.begin import Request, begin, resume
from striate.train.models import is_pipeline
from striate.train.recipe import merge, settings_to_values
from striate.train.run import Run

FILE, RUNS, SPLIT = "jobs.json", "runs", "split.parquet"
_FORMAT = 1
# What is wrong with one model or its training, and not with all of them, the disk or the machine.
OF_THE_JOB = (RecipeError, DoesNotApply, PlanError, TrainingStopped, DataError, UnknownName)


class State(StrEnum):
    """Where a job stands."""

    WAITING = "waiting"
    BEGUN = "begun"
    DONE = "done"
    FAILED = "failed"


@dataclass(frozen=True)
class Job:
    """One training.

    Args:
        name: of its run directory, in the comparison's `runs`.
        model: what `striate train --model` takes: a network, or a classic pipeline.
        seed: of the training.
        epochs: None: those of the model's own recipe, or none, as of a pipeline.
        settings: recipe fields that the comparison settles, such as the plan.
        state: where it stands.
        seconds: that it took, or has taken so far.
        reason: why it failed.
    """

    name: str
    model: str
    seed: int
    epochs: int | None = None
    settings: dict[str, Any] = field(default_factory=dict)
    state: State = State.WAITING
    seconds: float = 0.0
    reason: str = ""


@dataclass(frozen=True)
class Ledger:
    """All jobs of a comparison, and what they have in common.

    Args:
        folder: of the comparison.
        data, data_root: as the user named them.
        fingerprint: of the table, which must not change.
        budget: as the user wrote it; "" for none.
        settings: recipe fields for all, as the user wrote them.
        jobs: in the order in which they are begun.
        needs: what each model was timed at: fixed, epoch, epochs.
        spent: seconds so far, over all resumptions.
    """

    folder: Path
    data: str
    data_root: str | None
    fingerprint: str
    budget: str
    settings: list[str]
    jobs: list[Job]
    needs: dict[str, dict[str, Any]]
    spent: float = 0.0

    def save(self) -> None:
        """Write `jobs.json`; it is there whole or not at all."""
        plain = {**asdict(self), "format": _FORMAT}
        del plain["folder"]
        write_json(self.folder / FILE, plain)

    def changed(self, name: str, **changes: Any) -> Ledger:
        """Return and save the ledger with one job changed."""
        jobs = [replace(job, **changes) if job.name == name else job for job in self.jobs]
        ledger = replace(self, jobs=jobs)
        ledger.save()
        return ledger

    def run(self, job: Job) -> Path:
        """Return the run directory of a job."""
        return self.folder / RUNS / job.name

    def of(self, *states: State) -> list[Job]:
        """Return the jobs that stand so."""
        return [job for job in self.jobs if job.state in states]


def make_jobs(models: Sequence[str], seeds: int) -> list[Job]:
    """Return one job for each model and seed; the first seed of all models comes before the second of any."""
    names = {model: _plain(model) for model in models}
    if len(set(names.values())) < len(models):
        raise RecipeError(f"--models {','.join(models)}: a model is named twice")
    return [
        Job(names[model] if seeds == 1 else f"{names[model]}-seed{seed}", model, seed)
        for seed in range(seeds)
        for model in models
    ]


def read(folder: Path) -> Ledger:
    """Read where a comparison stands; what was begun or failed waits again, with what it has done.

    What could not even be timed stays failed.

    Raises:
        DataError: the folder holds no comparison of a set of pictures.
    """
    path = folder / FILE
    try:
        plain = json.loads(path.read_text(encoding="utf-8"))
        if plain.pop("format") != _FORMAT:
            raise DataError(f"{path} is of another format: it was written by another version of Striate")
        noted = [Job(**{**job, "state": State(job["state"])}) for job in plain.pop("jobs")]
        needs = plain["needs"]
        jobs = [_stands(folder, job) if job.model in needs or not needs else job for job in noted]
        lost = sum(max(0.0, now.seconds - job.seconds) for now, job in zip(jobs, noted, strict=True))
        return Ledger(folder=folder.resolve(), jobs=jobs, **{**plain, "spent": plain["spent"] + lost})
    except FileNotFoundError:
        raise DataError(f"{folder} holds no comparison to go on with: {FILE} is missing") from None
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise DataError(f"{path} cannot be read: {error}") from None


def carry_out(ledger: Ledger, job: Job, *, quiet: bool = False) -> str:
    """Train one job from where it stands, with its report; return why it failed, or "".

    This is all that a job is: what `striate train` does with the model's name, whatever kind of recognizer that is.
    """
    path = ledger.run(job)
    try:
        run = _trained(ledger, job, path, quiet=quiet)
    except OF_THE_JOB as error:
        return str(error)
    if not (path / "report.html").is_file():
        report(run, quiet=quiet)
    return ""


def request(ledger: Ledger, job: Job, *, quiet: bool = False) -> Request:
    """Return what `striate train` is asked for."""
    settled: dict[str, Any] = {"seed": job.seed, **settings_to_values(job.settings)}
    if job.epochs is not None:
        settled["epochs"] = job.epochs
    split = ledger.folder / SPLIT
    if split.is_file():
        settled["split"] = {"file": str(split.resolve())}
    return Request(
        data=ledger.data,
        model=job.model,
        out=ledger.run(job),
        values=merge(settled, settings_for(job.model, ledger.settings)),
        data_root=ledger.data_root,
        quiet=quiet,
    )


def settings_for(model: str, settings: Sequence[str]) -> dict[str, Any]:
    """Return the values of the comparison's settings that mean something to a model; some are for networks alone."""
    values = settings_to_values(settings)
    return pipeline.applying(values) if is_pipeline(model) else values


def _trained(ledger: Ledger, job: Job, path: Path, *, quiet: bool) -> Run:
    if (path / "recipe.toml").is_file():
        return resume(path, quiet=quiet)
    if path.exists():  # killed before it was a run
        shutil.rmtree(path)
    return begin(request(ledger, job, quiet=quiet))


def _stands(folder: Path, job: Job) -> Job:
    """Return the job as its run directory shows it, whatever the ledger could still note."""
    path = folder / RUNS / job.name
    if (path / "metrics.json").is_file() and (path / "report.html").is_file():
        return replace(job, state=State.DONE)
    seconds = _so_far(path) if job.state == State.BEGUN else job.seconds
    return replace(job, state=State.WAITING, reason="", seconds=seconds)


def _so_far(run: Path) -> float:
    """Return the seconds of training that the last checkpoint of a run knows of."""
    state = intact(run / "checkpoints" / "last") / "state.json"
    return float(json.loads(state.read_text(encoding="utf-8"))["state"]["seconds"]) if state.is_file() else 0.0


def _plain(model: str) -> str:
    return "".join(letter if letter.isalnum() or letter in "-_." else "-" for letter in model)
