import json

import numpy as np
import pytest
from PIL import Image

CROPS = ("--set", "augment.crop=[0.3,1]")


@pytest.fixture
def photos(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    random = np.random.default_rng(0)
    for number in range(30):
        folder = tmp_path / "photos" / "ab"[number % 2]
        folder.mkdir(parents=True, exist_ok=True)
        Image.fromarray(random.integers(0, 256, (70, 90, 3), np.uint8)).save(folder / f"{number}.jpg")
    return tmp_path / "photos"


def test_a_pack_is_made_once_and_found_by_a_training_with_another_split(call, photos):
    made = call("data", "pack", "photos", "--image-size", "16", *CROPS)
    assert made.status == 0, made.errors
    assert made.output.startswith("store made: 30 pictures, 1 MB as raw pixels: ")
    assert "store: 30 pictures, about 1 MB as raw pixels, at " in made.errors
    again = call("data", "pack", "photos", "--image-size", "16", *CROPS)
    assert again.output == made.output.replace("made", "was there already")
    path = made.output.split()[-1]
    trained = call(
        *("train", "photos", "--model", "linear", "--image-size", "16", "--epochs", "1", *CROPS),
        *("--set", "split.salt=7", "--set", "plan=reference"),
    )
    assert trained.status == 0, trained.errors
    assert f"store: shared, {path}" in trained.errors


def test_json_is_one_document_and_another_folder_is_honored(call, photos, tmp_path):
    (photos / "a" / "0.jpg").write_bytes((photos / "a" / "2.jpg").read_bytes()[:500])
    outcome = call("data", "pack", "photos", "--image-size", "16", "--where", tmp_path / "packs", "--json")
    document = json.loads(outcome.output)
    assert document["path"].startswith(str(tmp_path / "packs"))
    assert (document["kind"], document["made"], document["unreadable"]) == ("placed", True, 1)
    assert document["bytes"] == 30 * 3 * 16 * 16


def test_arrays_and_limits_are_refused_with_the_reason(call, photos):
    assert "in memory already" in call("data", "pack", "digits").errors
    outcome = call("data", "pack", "photos", "--limit", "0.000001")
    assert outcome.status == 2
    assert "over the limit" in outcome.errors
