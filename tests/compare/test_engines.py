"""Jobs run in other processes, or by Ray, do what they do here."""

import json
from concurrent.futures import Future
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path

import pytest

from striate.compare import engines
from striate.compare.jobs import Ledger, make_jobs
from striate.compare.of_data import Wish, begin
from striate.core.errors import PlanError, TrainingStopped

SETTINGS = ("store=none", "epochs=1")


def accuracies(folder: Path) -> dict[str, list[float]]:
    found = json.loads((folder / "comparison.json").read_text())
    return {told["name"]: told["accuracies"] for told in found["recognizers"]}


@pytest.mark.slow  # each process imports torch anew
def test_two_at_once_are_as_good_as_one_after_the_other(tmp_path: Path) -> None:
    found = begin(Wish("digits", ["linear", "mlp_300"], lanes=2, out=tmp_path / "two", settings=SETTINGS, quiet=True))
    fixed = (*SETTINGS, "plan.threads=1")
    alone = begin(Wish("digits", ["linear", "mlp_300"], out=tmp_path / "one", settings=fixed, quiet=True))
    runs = [Path(run) for told in found.found["recognizers"] for run in told["runs"]]
    threads = [json.loads((run / "environment.json").read_text())["plan"]["threads"] for run in runs]
    assert len(set(threads)) == 1
    if threads[0] == 1:
        assert accuracies(found.folder) == accuracies(alone.folder)


def test_ray_must_be_installed_to_be_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engines, "find_spec", lambda name: None)
    with pytest.raises(PlanError, match="pip install ray"):
        engines.engine("ray", 2)


def test_a_killed_training_is_said_with_how_to_go_on(tmp_path: Path) -> None:
    killed: Future[str] = Future()
    killed.set_exception(BrokenProcessPool("killed"))
    running = engines._Futures(lambda ledger, job: killed)
    job = make_jobs(["linear", "mlp_300"], 1)[0]
    running.begin(Ledger(tmp_path, "digits", None, "", "", [], [job], {}), job)
    with pytest.raises(TrainingStopped, match=f"was killed.*--resume {tmp_path}"):
        running.ended()


@pytest.mark.reference
def test_ray_trains_on_a_local_cluster(tmp_path: Path) -> None:
    pytest.importorskip("ray", reason="Ray is not installed")
    fixed = (*SETTINGS, "plan.threads=1")
    models = ["linear", "mlp_300"]
    found = begin(Wish("digits", models, lanes=2, engine="ray", out=tmp_path / "ray", settings=fixed, quiet=True))
    alone = begin(Wish("digits", models, out=tmp_path / "here", settings=fixed, quiet=True))
    assert accuracies(found.folder) == accuracies(alone.folder)
