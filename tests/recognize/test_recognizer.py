"""A recognizer is the same after saving and loading, and a stranger's file cannot run code."""

import json
import pickle
from pathlib import Path

import numpy as np
import pytest
import torch

import striate
from striate.core.errors import DataError
from striate.recognize.recognizer import NetworkRecognizer

IMAGES = np.random.default_rng(0).integers(0, 256, (5, 3, 16, 16), dtype=np.uint8)


def test_a_saved_recognizer_gives_the_same_scores(recognizer: NetworkRecognizer, tmp_path: Path) -> None:
    recognizer.save(tmp_path / "saved")
    loaded = striate.load(tmp_path / "saved")
    assert (loaded.scores(IMAGES) == recognizer.scores(IMAGES)).all()
    assert loaded.classes == recognizer.classes
    assert loaded.preprocess == recognizer.preprocess
    assert loaded.temperature == recognizer.temperature


def test_saving_twice_gives_the_same_bytes(recognizer: NetworkRecognizer, tmp_path: Path) -> None:
    for name in ("a", "b", "a"):
        recognizer.save(tmp_path / name)
    for file in ("weights.safetensors", "recognizer.json"):
        assert (tmp_path / "a" / file).read_bytes() == (tmp_path / "b" / file).read_bytes()


def test_saving_does_not_replace_a_folder_of_something_else(recognizer: NetworkRecognizer, tmp_path: Path) -> None:
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / "one.jpg").write_bytes(b"precious")
    with pytest.raises(DataError, match="holds no recognizer"):
        recognizer.save(tmp_path / "photos")
    assert (tmp_path / "photos" / "one.jpg").read_bytes() == b"precious"


def test_scoring_leaves_the_network_as_it_was(recognizer: NetworkRecognizer) -> None:
    recognizer.network.train()
    before = {name: tensor.clone() for name, tensor in recognizer.network.state_dict().items()}
    recognizer.scores(IMAGES)
    assert recognizer.network.training
    assert all(torch.equal(tensor, before[name]) for name, tensor in recognizer.network.state_dict().items())


class _Evil:
    def __reduce__(self) -> tuple[object, tuple[str]]:
        return Path.touch, (Path("/tmp/striate-was-here"),)  # type: ignore[return-value]


@pytest.mark.parametrize(("views", "half"), [("none", True), ("flip", False)])
def test_half_precision_is_asked_for_whole_answers_only(
    recognizer: NetworkRecognizer, monkeypatch: pytest.MonkeyPatch, views: str, half: bool
) -> None:
    asked: list[bool] = []

    def answering(*_: object, half: bool, **__: object) -> object:
        asked.append(half)
        return recognizer.scores

    monkeypatch.setattr("striate.recognize.recognizer.Answering", answering)
    recognizer.predict(list(IMAGES.transpose(0, 2, 3, 1)), views=views)
    assert asked == [half]


@pytest.mark.parametrize("how", ["pickle", "torch"])
def test_weights_with_code_in_them_are_refused(recognizer: NetworkRecognizer, tmp_path: Path, how: str) -> None:
    recognizer.save(tmp_path / "saved")
    weights = tmp_path / "saved" / "weights.safetensors"
    if how == "pickle":
        weights.write_bytes(pickle.dumps(_Evil()))
    else:
        torch.save(_Evil(), weights)
    with pytest.raises(DataError, match="cannot be read as weights"):
        striate.load(tmp_path / "saved")
    assert not Path("/tmp/striate-was-here").exists()


@pytest.mark.parametrize("change", [{"format": 9}, {"classes": None}, {"temperature": "hot"}])
def test_a_damaged_description_is_named(
    recognizer: NetworkRecognizer, tmp_path: Path, change: dict[str, object]
) -> None:
    recognizer.save(tmp_path / "saved")
    file = tmp_path / "saved" / "recognizer.json"
    file.write_text(json.dumps({**json.loads(file.read_text()), **change}))
    with pytest.raises(DataError, match=r"recognizer\.json"):
        striate.load(tmp_path / "saved")


def test_weights_of_another_network_are_refused(recognizer: NetworkRecognizer, tmp_path: Path) -> None:
    recognizer.save(tmp_path / "saved")
    file = tmp_path / "saved" / "recognizer.json"
    file.write_text(json.dumps({**json.loads(file.read_text()), "model": "plain32"}))
    with pytest.raises(DataError, match=r"does not fit the network that is built now: 60 missing: .*train anew"):
        striate.load(tmp_path / "saved")


def test_a_run_without_a_checkpoint_says_how_to_go_on(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="neither the directory of a run nor the folder of a recognizer"):
        striate.load(tmp_path)
    (tmp_path / "recipe.toml").touch()
    with pytest.raises(DataError, match=r"striate train --resume"):
        striate.load(tmp_path)
    with pytest.raises(DataError, match="no run or recognizer"):
        striate.load(tmp_path / "nowhere")
