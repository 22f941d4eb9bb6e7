"""Snapshots: kept after the epochs that the recipe names, whole, the same whether or not the training was stopped."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

import striate
from striate.core.errors import DataError, RecipeError
from striate.core.seeds import seed_for
from striate.recognize.recognizer import build
from striate.train import pipeline
from striate.train.loop import Loop
from striate.train.recipe import Recipe, merge, settings_to_values
from striate.train.run import Run
from striate.train.snapshots import kept

Train = Callable[..., Run]
LEAST: dict[str, Any] = {"model": "resnet20", "epochs": 10, "preprocess": {"size": [8, 8], "channels": 1}}
FILES = ("weights.safetensors", "recognizer.json")


def _recipe(setting: str) -> Recipe:
    return Recipe.from_values(merge(LEAST, settings_to_values([f"snapshots={setting}"])))


def _bytes(run: Run) -> dict[str, bytes]:
    return {f"{epoch}/{file}": (path / file).read_bytes() for epoch, path in run.snapshots.items() for file in FILES}


def test_epochs_are_listed_as_a_user_writes_them(tmp_path: Path) -> None:
    assert _recipe("1,2,5,10").snapshots == (1, 2, 5, 10)
    assert _recipe("5, 0,5").snapshots == (0, 5)
    assert _recipe("[2, 1]").snapshots == (1, 2)
    assert _recipe("3").snapshots == (3,)
    assert _recipe("none").snapshots == ()
    (tmp_path / "recipe.toml").write_text(_recipe("1,2").to_toml())
    assert Recipe.read(tmp_path / "recipe.toml").snapshots == (1, 2)


@pytest.mark.parametrize("setting", ["-1", "1,,2", "soon", "1.5", "true", "1,first"])
def test_what_is_no_epoch_is_refused(setting: str) -> None:
    with pytest.raises(RecipeError, match="snapshots"):
        _recipe(setting)


def test_an_epoch_that_never_comes_is_refused_by_name() -> None:
    with pytest.raises(RecipeError, match=r"ends after epoch 10 and never comes to 11, 20: leave that out"):
        _recipe("5,11,20")


def test_the_kept_networks_are_those_of_their_epochs(small: Train) -> None:
    run = small(epochs=2, snapshots="0,1,2", average=0.98)
    assert list(run.snapshots) == [0, 1, 2]
    averaged = (run.path / "checkpoints" / "last" / "average.safetensors").read_bytes()
    assert (run.snapshots[2] / "weights.safetensors").read_bytes() == averaged  # what is evaluated
    torch.manual_seed(seed_for("weights", 0))
    drawn = build(run.recipe.model, {}, run.classes, run.recipe.preprocess).state_dict()
    assert all(torch.equal(drawn[name], weight) for name, weight in run.at(0).network.state_dict().items())
    first = run.at(1).network.state_dict()
    assert not any(torch.equal(drawn[name], weight) for name, weight in first.items() if weight.is_floating_point())
    assert striate.load(run.snapshots[1]).classes == run.classes
    with pytest.raises(DataError, match=r"no snapshot of epoch 7; there are those of epochs 0, 1, 2\..*snapshots=7"):
        run.at(7)


def test_a_broken_and_resumed_training_has_the_same_snapshots(small: Train, monkeypatch: pytest.MonkeyPatch) -> None:
    fields: dict[str, Any] = {"epochs": 2, "snapshots": "0,1,2", "options__dropout": 0.5, "average": 0.9}
    whole = small("whole", **fields)
    step, save, breaks, dies = Loop._step, Loop._save, {0, 4, 13}, [1]

    def fragile(self: Loop, *arguments: Any, **options: Any) -> Any:
        if self.state.step in breaks:
            breaks.remove(self.state.step)
            raise ConnectionAbortedError
        return step(self, *arguments, **options)

    def dying(self: Loop) -> None:
        if self.state.step == self.batches.steps_per_epoch and dies:  # the snapshot is there, its checkpoint is not
            dies.pop()
            raise ConnectionAbortedError
        save(self)

    monkeypatch.setattr(Loop, "_step", fragile)
    monkeypatch.setattr(Loop, "_save", dying)
    path = whole.path.with_name("broken")
    with pytest.raises(ConnectionAbortedError):
        small("broken", **fields)
    while breaks or dies:
        with pytest.raises(ConnectionAbortedError):
            striate.train(resume=path, quiet=True)
    assert _bytes(striate.train(resume=path, quiet=True)) == _bytes(whole)


def test_a_kill_in_the_middle_of_a_replacement_loses_no_snapshot(tmp_path: Path) -> None:
    assert kept(tmp_path) == {}
    for name in ("epoch-10", "epoch-2", ".epoch-5.old", ".epoch-7.x1.part"):
        (tmp_path / "snapshots" / name).mkdir(parents=True)
    assert list(kept(tmp_path)) == [2, 5, 10]
    assert kept(tmp_path)[5].name == ".epoch-5.old"


def test_a_pipeline_has_no_epochs_to_keep() -> None:
    with pytest.raises(RecipeError, match="snapshots means nothing to pixels-svm"):
        pipeline.check("pixels-svm", {"snapshots": [1]})
