"""The verbs about weights, as a user types them."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from striate import zoo
from striate.zoo import download
from striate.zoo.known_weights import KNOWN
from striate.zoo.weights import save, state_in


def test_the_list_has_every_known_name_and_says_what_is_cached(call: Callable) -> None:
    outcome = call("weights", "list")
    assert outcome.status == 0
    assert all(name in outcome.output for name in KNOWN)
    kept = download.place("https://a.org/mine.pth")
    kept.parent.mkdir(parents=True)
    kept.write_bytes(b"x" * 10)
    assert f"also in the cache: {kept}" in call("weights", "list").output
    listed = json.loads(call("weights", "list", "--json").output)
    assert listed[0]["name"] == "torchvision:alexnet"
    assert listed[0]["path"] is None
    assert listed[0]["sha256_begins"] == "7be5be79"
    assert listed[-1]["path"] == str(kept)


def test_fetch_answers_from_the_cache_and_refuses_files(call: Callable) -> None:
    kept = download.place("https://a.org/mine.pth")
    kept.parent.mkdir(parents=True)
    kept.write_bytes(b"x")
    outcome = call("weights", "fetch", "https://a.org/mine.pth")
    assert outcome.status == 0
    assert str(kept) in outcome.output
    found = json.loads(call("weights", "fetch", "https://a.org/mine.pth", "--json").output)
    assert found[0]["sha256"] == "2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881"
    outcome = call("weights", "fetch", "mine.pth")
    assert outcome.status == 2
    assert "neither a URL nor a name" in outcome.errors
    assert "torchvision:resnet18" in call("weights", "fetch", "resnet18").errors
    outcome = call("weights", "fetch", "torchvision:resnet5")
    assert outcome.status == 2
    assert "torchvision:resnet50" in outcome.errors


def test_weights_become_a_recognizer_that_answers_and_leave_again(call: Callable, tmp_path: Path) -> None:
    from PIL import Image

    torch.manual_seed(0)
    network = zoo.create("squeezenet1_1", num_classes=3, image_size=64)
    save(network, tmp_path / "bare.safetensors")
    (tmp_path / "names.txt").write_text("ant\nbee\ncat\n")
    Image.new("RGB", (80, 60), (200, 100, 0)).save(tmp_path / "photo.png")
    said = ("--set", "preprocess.size=64", "--set", "preprocess.mean=[0.5,0.5,0.5]", "--set", "preprocess.std=[1,1,1]")
    given = ("--model", "squeezenet1_1", "--classes", tmp_path / "names.txt", *said)
    outcome = call("weights", "convert", tmp_path / "bare.safetensors", tmp_path / "whole", *given)
    assert outcome.status == 0, outcome.errors
    assert "squeezenet1_1 for 3 classes at 64x64, read in the layout striate:squeezenet1_1" in outcome.output
    answers = json.loads(call("predict", tmp_path / "whole", tmp_path / "photo.png", "--json").output)
    assert answers[0]["class"] in {"ant", "bee", "cat"}
    kept = (tmp_path / "whole" / "recognizer.json").read_bytes()
    again = call("weights", "convert", tmp_path / "bare.safetensors", tmp_path / "whole", *given)
    assert str(tmp_path / "whole-2") in again.output
    assert (tmp_path / "whole" / "recognizer.json").read_bytes() == kept
    out = tmp_path / "theirs.pth"
    outcome = call("weights", "convert", tmp_path / "whole", out, "--to", "torchvision:squeezenet1_1", "--json")
    assert json.loads(outcome.output)["to"] == "torchvision:squeezenet1_1"
    second = call("weights", "convert", tmp_path / "whole", out, "--to", "torchvision:squeezenet1_1", "--json")
    assert json.loads(second.output)["out"] == str(tmp_path / "theirs-2.pth")
    state = torch.load(out, weights_only=True)
    expected = state_in(network, "torchvision:squeezenet1_1")
    assert state.keys() == expected.keys()
    assert all(torch.equal(state[name], expected[name]) for name in state)


@pytest.mark.parametrize("weights", ["nowhere.pth", "torchvision:resnet5"])
def test_weights_that_are_not_there_stop_a_training_before_the_data_is_read(call: Callable, weights: str) -> None:
    outcome = call("train", "digits", "--weights", weights)
    assert outcome.status == 2
    assert weights in outcome.errors
