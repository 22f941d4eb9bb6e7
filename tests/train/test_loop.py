"""The loop: what it writes, when it stops, and that an interruption leaves no trace."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

import striate
from striate.core.errors import Interrupted, TrainingStopped
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

    def fragile(self: Loop, *arguments: Any) -> float:
        if self.state.step in breaks:
            breaks.remove(self.state.step)
            raise ConnectionAbortedError
        return step(self, *arguments)

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
    seconds = {"seconds"}
    for ours, theirs in zip(_log(broken, "epoch"), _log(whole.path, "epoch"), strict=True):
        assert {k: v for k, v in ours.items() if k not in seconds} == {
            k: v for k, v in theirs.items() if k not in seconds
        }
    assert _log(broken, "step") == _log(whole.path, "step")


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


def test_a_full_disk_loses_nothing_that_was_saved(
    small: Train, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    import errno

    from striate.core.errors import StriateError
    from striate.train import checkpoint

    saved = {"times": 0}
    write = checkpoint.save_file

    def full(tensors: dict[str, Tensor], path: Path) -> None:
        saved["times"] += 1
        if saved["times"] == 9:
            path.write_bytes(b"half")
            raise OSError(errno.ENOSPC, "No space left on device")
        write(tensors, path)

    with monkeypatch.context() as patch:
        patch.setattr(checkpoint, "save_file", full)
        with pytest.raises(StriateError, match=r"disk is full"):
            small("run")
    resumed = striate.train(resume=tmp_path / "run", quiet=True)
    assert _weights(resumed.path) == _weights(small("whole").path)
