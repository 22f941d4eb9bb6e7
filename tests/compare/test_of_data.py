"""Comparisons that train: one split, a budget that is kept, killed and carried on without a trace."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from striate.compare import jobs as ledgers
from striate.compare import of_data
from striate.compare.jobs import Job, Ledger, State, make_jobs
from striate.compare.jobs import read as read_ledger
from striate.compare.of_data import Course, Wish, begin, go_on
from striate.core.errors import DataError, RecipeError, UnknownName
from striate.train.run import Run

SETTINGS = ("plan.threads=1", "store=none", "split.test=0.1")
MEASURED = ("prediction_seconds", "training_seconds", "runs")


def blank_report(run: Run, *, quiet: bool) -> None:
    """Stand for the report of one run, which has its own tests and takes longer than these trainings."""
    (run.path / "report.html").touch()


def table_of(found: dict[str, Any]) -> dict[str, Any]:
    """All that does not depend on how fast the machine was."""
    told = [{k: v for k, v in told.items() if k not in MEASURED} for told in found["recognizers"]]
    return {"recognizers": told, "pairs": found["pairs"], "agreement": found["agreement"], "failed": found["failed"]}


@pytest.fixture(scope="module")
def done(tmp_path_factory: pytest.TempPathFactory) -> Any:
    folder = tmp_path_factory.mktemp("comparison") / "digits"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("STRIATE_CACHE", str(folder.parent / "cache"))
        patch.setattr(ledgers, "report", blank_report)
        return begin(Wish("digits", ["linear", "mlp_300"], "1e", out=folder, settings=SETTINGS, quiet=True))


def test_all_are_trained_on_one_split_with_the_epochs_of_the_budget(done: Any) -> None:
    runs = [Path(run) for told in done.found["recognizers"] for run in told["runs"]]
    assert [run.name for run in sorted(runs)] == ["linear", "mlp_300"]
    assert len({(run / "split.parquet").read_bytes() for run in runs}) == 1
    assert [(told["epochs"], told["seeds"]) for told in done.found["recognizers"]] == [(1, [0])] * 2
    assert done.page.is_file()


def test_a_finished_comparison_is_told_again_and_nothing_is_repeated(done: Any) -> None:
    before = {path: path.stat().st_mtime_ns for path in done.folder.rglob("*") if path.is_file()}
    assert go_on(done.folder, quiet=True).found == done.found
    assert {path: path.stat().st_mtime_ns for path in done.folder.rglob("*") if path.is_file()} == before


def test_a_comparison_killed_half_way_and_resumed_gives_the_same_table(
    done: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ledgers, "report", blank_report)  # of what is trained after the kill
    folder = tmp_path / "killed"
    arguments = ["digits", "--models", "linear,mlp_300", "--budget", "1e", "--out", str(folder)]
    for setting in SETTINGS:
        arguments += ["--set", setting]
    process = _start(arguments)
    _wait_for(folder / "runs" / "mlp_300" / "checkpoints" / "last", process)
    process.send_signal(signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL
    kept = folder / "runs" / "linear" / "metrics.json"
    assert "linear is right on" in (folder / "runs" / "linear" / "report.html").read_text()
    when = kept.stat().st_mtime_ns
    assert not (folder / "comparison.json").exists()
    found = go_on(folder, quiet=True).found
    assert kept.stat().st_mtime_ns == when
    assert table_of(found) == table_of(done.found)


def test_a_model_that_cannot_be_trained_is_named_and_the_others_are_compared(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ledgers, "report", blank_report)
    settings = (*SETTINGS, "options.activation=tanh")  # which a perceptron of one layer does not have
    wish = Wish(
        "digits", ["mlp_300", "linear", "mlp"], "1e", seeds=2, out=tmp_path / "c", settings=settings, quiet=True
    )
    found = begin(wish).found
    assert [told["name"] for told in found["failed"]] == ["linear-seed0", "linear-seed1"]
    assert [len(told["seeds"]) for told in found["recognizers"]] == [2, 2]
    assert "activation" in found["failed"][0]["reason"]
    assert len(found["recognizers"]) == 2
    assert any("could not be trained" in caution for caution in found["cautions"])


def test_what_could_not_be_timed_stays_failed_and_what_failed_later_is_tried_again(tmp_path: Path) -> None:
    ledger = _ledger(tmp_path, ["linear", "mlp", "huge"], 1, {"linear": {}, "mlp": {}}, "10m")
    ledger = ledger.changed("huge", state=State.FAILED, reason="too large")
    ledger.changed("mlp", state=State.FAILED, reason="the disk was full")
    states = {job.name: (job.state, job.reason) for job in read_ledger(tmp_path).jobs}
    assert states == {
        "linear": (State.WAITING, ""),
        "mlp": (State.WAITING, ""),
        "huge": (State.FAILED, "too large"),
    }


def test_what_cannot_begin_leaves_no_folder(tmp_path: Path) -> None:
    for wish, error in (
        (Wish("digits", ["linear"]), RecipeError),
        (Wish("digits", ["linear", "linear"]), RecipeError),
        (Wish("digits", ["linear", "mlp_300"], "soon"), RecipeError),
        (Wish("digits", ["linear", "resnet21"]), UnknownName),
        (Wish("digits", ["linear", "mlp_300"], "1s"), RecipeError),
    ):
        with pytest.raises(error):
            begin(of_data.replace(wish, out=tmp_path / "none", quiet=True))
    assert not (tmp_path / "none").exists()
    with pytest.raises(DataError, match="no comparison to go on with"):
        go_on(tmp_path, quiet=True)


def test_the_first_seed_of_all_comes_before_the_second_of_any() -> None:
    assert [job.name for job in make_jobs(["a", "timm:b"], 2)] == ["a-seed0", "timm-b-seed0", "a-seed1", "timm-b-seed1"]
    assert [job.name for job in make_jobs(["a", "b"], 1)] == ["a", "b"]


class Machine:
    """An engine whose clock runs by what jobs cost, so many times slower than they were timed at."""

    def __init__(self, needs: dict[str, dict[str, Any]], slowness: float) -> None:
        self.now, self.needs, self.slowness = 0.0, needs, slowness
        self.running: list[tuple[float, Job]] = []
        self.begun: list[Job] = []

    def begin(self, ledger: Ledger, job: Job) -> None:
        need = self.needs[job.model]
        assert job.epochs is not None
        self.running.append((self.now + self.slowness * (need["fixed"] + job.epochs * need["epoch"]), job))
        self.begun.append(job)

    def ended(self) -> list[tuple[str, str]]:
        self.running.sort(key=lambda entry: entry[0])
        self.now, job = self.running.pop(0)
        return [(job.name, "")]


@pytest.mark.parametrize("slowness", [0.7, 1.0, 1.6])
@pytest.mark.parametrize("lanes", [1, 2])
@pytest.mark.parametrize("seeds", [1, 2])
def test_a_budget_is_kept_though_the_machine_is_not_as_fast_as_it_was_timed(
    tmp_path: Path, slowness: float, lanes: int, seeds: int
) -> None:
    costs = {"linear": 0.1, "mlp": 0.2, "lenet5": 0.9, "resnet20": 6.0, "vgg11": 9.0, "densenet40": 20.0}
    needs = {model: {"fixed": 4.0, "epoch": cost, "epochs": 30} for model, cost in costs.items()}
    machine = Machine(needs, slowness)
    course = Course(
        _ledger(tmp_path, list(costs), seeds, needs, "10m"), lanes, 0.0, quiet=True, clock=lambda: machine.now
    )
    ledger = course.run(machine)
    assert all(job.state == State.DONE for job in ledger.jobs)
    assert machine.now <= 600 * 1.15
    if slowness >= 1:
        assert machine.now > 600 * (0.8 if lanes == 1 else 0.55)  # and it is used
    for model in costs:
        assert len({job.epochs for job in ledger.jobs if job.model == model}) == 1
    assert read_ledger(tmp_path).spent == pytest.approx(machine.now)


def _ledger(folder: Path, models: Sequence[str], seeds: int, needs: dict[str, Any], budget: str) -> Ledger:
    return Ledger(folder, "digits", None, "", budget, [], make_jobs(models, seeds), needs)


def _start(arguments: Sequence[str]) -> subprocess.Popen[bytes]:
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    command = [sys.executable, "-m", "striate", "compare", *arguments]
    return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=environment)


def _wait_for(path: Path, process: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + 120
    while not path.exists():
        assert process.poll() is None, "it ended before it could be killed"
        assert time.monotonic() < until
        time.sleep(0.005)


def test_the_ledger_is_plain_data(done: Any) -> None:
    plain = json.loads((done.folder / "jobs.json").read_text())
    assert [job["state"] for job in plain["jobs"]] == ["done"] * 2
    assert plain["budget"] == "1e"
