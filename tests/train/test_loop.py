"""The loop: what it writes, when it stops, and that an interruption leaves no trace."""

import errno
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

import striate
from striate.core.errors import Interrupted, StriateError, TrainingStopped
from striate.core.files import alone, whole_directory
from striate.train import loop
from striate.train.loop import Loop
from striate.train.run import Run

Train = Callable[..., Run]


def _log(run: Path, kind: str) -> list[dict[str, Any]]:
    lines = map(json.loads, (run / "log.jsonl").read_text().splitlines())
    return [line for line in lines if line["kind"] == kind]


def _weights(run: Path, which: str = "last") -> bytes:
    return (run / "checkpoints" / which / "weights.safetensors").read_bytes()


def test_a_small_training_learns_and_writes_what_a_run_holds(small: Train) -> None:
    run = small(epochs=12)
    assert run.metrics["test"]["accuracy"]["value"] > 0.9
    written = {path.name for path in run.path.iterdir()}
    assert written >= {
        "recipe.toml",
        "classes.json",
        "split.parquet",
        "data.json",
        "environment.json",
        "log.jsonl",
        "metrics.json",
        "predictions.parquet",
        "checkpoints",
        "figures",
        "report.html",
    }
    epochs = _log(run.path, "epoch")
    assert [line["epoch"] for line in epochs] == list(range(1, 13))
    assert epochs[-1]["train_loss"] < 0.5 * epochs[0]["train_loss"]
    steps = _log(run.path, "step")
    assert [line["step"] for line in steps] == list(range(1, len(steps) + 1))


@pytest.mark.usefixtures("unreported")
def test_the_same_seed_gives_the_same_bytes_and_another_seed_others(small: Train) -> None:
    first, again, other = small("a"), small("b"), small("c", seed=1)
    assert _weights(first.path) == _weights(again.path)
    assert _weights(first.path) != _weights(other.path)
    assert (first.path / "split.parquet").read_bytes() == (other.path / "split.parquet").read_bytes()


CASES = {
    "dropout and average": {"model": "mlp_300", "options__dropout": 0.5, "average": 0.98},
    "adam on a plateau": {"model": "linear", "schedule__name": "plateau", "schedule__patience": 0},
    "norms, momentum and flips": {
        "model": "resnet20",
        "epochs": 1,
        "augment__flip": "both",
        "sampling": "balanced",
        "optimizer__clip": 0.5,
        "optimizer__l1": 1e-5,
    },
}


@pytest.mark.parametrize("case", CASES)
def test_a_training_that_breaks_anywhere_resumes_to_the_same_bytes(
    small: Train, case: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = small("whole", **CASES[case])  # type: ignore[arg-type]
    step = Loop._step
    breaks = {3, 4, 9}

    def fragile(self: Loop, *arguments: Any, **options: Any) -> float:
        if self.state.step in breaks:
            breaks.remove(self.state.step)
            raise ConnectionAbortedError
        return step(self, *arguments, **options)

    monkeypatch.setattr(Loop, "_step", fragile)
    with pytest.raises(ConnectionAbortedError):
        small("broken", **CASES[case])  # type: ignore[arg-type]
    broken = whole.path.with_name("broken")
    for _ in range(2):
        with pytest.raises(ConnectionAbortedError):
            striate.train(resume=broken, quiet=True)
    resumed = striate.train(resume=broken, quiet=True)
    assert not breaks
    for which in ("last", "best"):
        assert _weights(resumed.path, which) == _weights(whole.path, which)
    assert resumed.metrics == whole.metrics
    seconds = {"seconds", "waiting"}
    for ours, theirs in zip(_log(broken, "epoch"), _log(whole.path, "epoch"), strict=True):
        assert {k: v for k, v in ours.items() if k not in seconds} == {
            k: v for k, v in theirs.items() if k not in seconds
        }
    assert _log(broken, "step") == _log(whole.path, "step")


@pytest.mark.usefixtures("unreported")
def test_an_interruption_saves_and_says_how_to_go_on(small: Train, monkeypatch: pytest.MonkeyPatch) -> None:
    class Soon(loop.Interrupt):
        def __enter__(self) -> "Soon":
            self.asked = True
            return self

    with monkeypatch.context() as patch:
        patch.setattr(loop, "Interrupt", Soon)
        with pytest.raises(Interrupted, match=r"striate train --resume .*run"):
            small("run")
    path = small("whole").path.with_name("run")
    assert json.loads((path / "checkpoints" / "last" / "state.json").read_text())["state"]["step"] == 1
    resumed = striate.train(resume=path, quiet=True)
    assert _weights(resumed.path) == _weights(path.with_name("whole"))


def test_a_loss_that_is_not_finite_names_step_layer_and_remedy_and_keeps_the_checkpoint(
    small: Train, tmp_path: Path
) -> None:
    with pytest.raises(TrainingStopped, match=r"not finite at step \d+ .*--set optimizer.lr=.*clip"):
        small("run", model="linear", optimizer__name="sgd", optimizer__lr=1e38)
    last = tmp_path / "run" / "checkpoints" / "last"
    if last.exists():
        from safetensors.torch import load_file

        assert all(torch.isfinite(tensor).all() for tensor in load_file(last / "weights.safetensors").values())


@pytest.mark.usefixtures("unreported")
def test_the_first_layer_whose_output_broke_is_named(small: Train, monkeypatch: pytest.MonkeyPatch) -> None:
    from torch import nn

    from striate.train.diagnosis import stop_not_finite

    network = nn.Sequential(nn.Flatten(), nn.Linear(4, 4), nn.ReLU(), nn.Linear(4, 2))
    with torch.no_grad():
        network[1].weight.fill_(3e38)
    plan = small("run", epochs=1).recipe.plan
    with pytest.raises(TrainingStopped, match=r"step 7 .*the output of layer 1"):
        stop_not_finite(network, torch.ones(1, 1, 2, 2), plan, 7, 0.1, Path("nowhere"))


def test_early_stopping_ends_when_validation_no_longer_improves(small: Train) -> None:
    run = small(epochs=60, patience=2, model="linear", optimizer__lr=0.02)
    epochs = _log(run.path, "epoch")
    assert len(epochs) < 60
    best = max(range(len(epochs)), key=lambda e: (epochs[e]["val_accuracy"], -epochs[e]["val_loss"]))
    assert len(epochs) - 1 - best == 2


def test_without_validation_pictures_the_last_weights_are_the_best(small: Train) -> None:
    run = small(split__val=0)
    assert "val" not in run.metrics
    assert _weights(run.path, "best") == _weights(run.path, "last")


def test_the_averaged_weights_are_the_ones_that_are_evaluated(small: Train) -> None:
    run = small(average=0.9, split__val=0)
    averaged = (run.path / "checkpoints" / "last" / "average.safetensors").read_bytes()
    assert _weights(run.path, "best") == averaged != _weights(run.path)


@pytest.mark.usefixtures("unreported")
def test_a_full_disk_loses_nothing_that_was_saved(
    small: Train, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    write, saved = Path.write_bytes, {"times": 0}

    def full(path: Path, data: bytes) -> int:
        saved["times"] += path.suffix == ".safetensors"
        if saved["times"] == 20 and path.suffix == ".safetensors":
            write(path, data[:100])
            raise OSError(errno.ENOSPC, "No space left on device")
        return write(path, data)

    with monkeypatch.context() as patch:
        patch.setattr(Path, "write_bytes", full)
        with pytest.raises(StriateError, match="disk is full"):
            small("run")
    assert (tmp_path / "run" / "checkpoints" / "last" / "state.json").is_file()
    resumed = striate.train(resume=tmp_path / "run", quiet=True)
    assert _weights(resumed.path) == _weights(small("whole").path)


@pytest.mark.usefixtures("unreported")
def test_who_reads_a_run_does_not_disturb_who_writes_it(small: Train) -> None:
    run = small("run", epochs=1)
    best = run.path / "checkpoints" / "best"
    with whole_directory(best) as beside:
        (beside / "recognizer.json").write_bytes((best / "recognizer.json").read_bytes())
        (beside / "weights.safetensors").write_bytes((best / "weights.safetensors").read_bytes())
        striate.load(run.path)
    best.rename(best.with_name(".best.old"))  # the moment between the writer's two renames
    striate.load(run.path)
    assert best.with_name(".best.old").is_dir()


@pytest.mark.usefixtures("unreported")
def test_a_run_is_written_by_one_process_at_a_time(small: Train) -> None:
    run = small("run", epochs=1)
    (run.path / "metrics.json").unlink()
    with alone(run.path), pytest.raises(StriateError, match="another process"):
        striate.train(resume=run.path, quiet=True)
    striate.train(resume=run.path, quiet=True)


@pytest.mark.usefixtures("unreported")
def test_a_training_of_one_step_moves_the_weights(small: Train) -> None:
    before, after = (
        small("a", model="linear", epochs=1, batch_size=2000, optimizer__lr=1e-12),
        small("b", model="linear", epochs=1, batch_size=2000),
    )
    assert _weights(before.path) != _weights(after.path)


def test_validation_measures_the_loss_that_is_trained(small: Train) -> None:
    run = small(model="linear", loss__name="mse", epochs=3)
    last = _log(run.path, "epoch")[-1]
    assert last["val_loss"] == pytest.approx(last["train_loss"], rel=0.5)
