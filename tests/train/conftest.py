"""A small training that the tests of this room share."""

import itertools
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import striate
from striate.report import of_run
from striate.train.run import Run

SMALL = {
    "epochs": 4,
    "batch_size": 128,
    "split.test": 0.1,
    "schedule.name": "onecycle",
    "plan.threads": 1,
    "checkpoint_seconds": 0,
}


@pytest.fixture
def unreported() -> None:
    """Asked for by a test all of whose runs are of a kind that other tests report."""


@pytest.fixture(autouse=True)
def few_reports(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Write the report of the first run of a test, so that each kind of run is reported, and a blank one of the others.

    A report takes ten times as long as these trainings, and has its own tests.
    """
    true, runs = of_run.report, itertools.count(1 if "unreported" in request.fixturenames else 0)

    def report(run: Run, *, quiet: bool = False) -> Path:
        if next(runs) == 0:
            return true(run, quiet=quiet)
        (run.path / "report.html").touch()
        return run.path / "report.html"

    monkeypatch.setattr(of_run, "report", report)


@pytest.fixture
def small(tmp_path: Path) -> Callable[..., Run]:
    """Train on the digits in seconds; keyword arguments are recipe fields, with `__` for the dot."""

    def train(name: str = "run", model: str = "mlp_300", **fields: Any) -> Run:
        settings = {**SMALL, **{field.replace("__", "."): value for field, value in fields.items()}}
        return striate.train("digits", model=model, out=tmp_path / name, settings=settings, quiet=True)

    return train
