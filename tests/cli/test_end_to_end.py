"""The main job as a user does it: train, measure, answer, repeat."""

import json
import os
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image
from sklearn.datasets import load_digits


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Where the user works: a run on digits, and digits as picture files."""
    here = tmp_path_factory.mktemp("user")
    options = ["--model", "linear", "--epochs", "3", "--out", "runs/digits"]
    ended = subprocess.run(
        [sys.executable, "-m", "striate", "train", "digits", *options],
        cwd=here,
        env={**os.environ, "STRIATE_CACHE": str(here / "cache")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    assert "linear is right on " in ended.stdout
    assert "report: runs/digits/report.html" in ended.stdout
    digits = load_digits()
    for number in range(20):
        (here / "pictures" / str(digits.target[number])).mkdir(parents=True, exist_ok=True)
        pixels = (digits.images[number] / 16 * 255).astype(np.uint8)
        Image.fromarray(pixels).save(here / "pictures" / str(digits.target[number]) / f"{number}.png")
    return here


@pytest.fixture(autouse=True)
def in_the_folder(folder, monkeypatch):
    monkeypatch.chdir(folder)


def test_the_run_holds_the_report_and_the_same_numbers(call, folder):
    assert (folder / "runs" / "digits" / "report.html").stat().st_size > 10_000
    kept = json.loads((folder / "runs" / "digits" / "metrics.json").read_text())
    document = json.loads(call("evaluate", "runs/digits", "--json").output)
    assert document["part"] == "test"
    assert document["metrics"]["accuracy"] == kept["test"]["accuracy"]
    assert document["metrics"]["confusion"] == kept["test"]["confusion"]


def test_pictures_in_files_get_the_answers_that_their_labels_say_mostly(call, folder):
    answers = json.loads(call("predict", "runs/digits", "pictures", "--json").output)
    assert len(answers) == 20
    right = [answer for answer in answers if answer["class"] == answer["picture"].split("/")[-2]]
    assert len(right) >= 14


def test_a_broken_picture_beside_them_is_named_and_the_others_answered(call, folder):
    (folder / "broken.png").write_bytes(b"\x89PNG\r\n")
    ended = call("predict", "runs/digits", "broken.png", "pictures/0", "--csv")
    assert ended.status == 1
    assert "unreadable: broken.png: " in ended.errors
    header, broken, *others = ended.output.splitlines()
    assert header == "picture,class,probability,error"
    assert broken.startswith("broken.png,,,")
    assert others
    assert all(line.endswith(",") for line in others)


def test_other_labeled_pictures_are_measured_and_known_ones_admitted(call, folder):
    ended = call("evaluate", "runs/digits", "pictures")
    assert ended.status == 0, ended.errors
    assert "runs/digits on pictures" in ended.output


def test_an_unknown_class_is_an_error_that_names_it_unless_it_is_left_out(call, folder):
    (folder / "more" / "ten").mkdir(parents=True)
    (folder / "more" / "1").mkdir()
    for name in ("ten", "1"):
        Image.new("L", (8, 8), 3 if name == "1" else 4).save(folder / "more" / name / "a.png")
    refused = call("evaluate", "runs/digits", "more")
    assert refused.status == 2
    assert "'ten' (1 pictures)" in refused.errors
    assert "Traceback" not in refused.errors
    document = json.loads(call("evaluate", "runs/digits", "more", "--ignore-unknown", "--json").output)
    assert document["ignored"] == 1
    assert document["metrics"]["pictures"] == 1


def test_a_run_is_repeated_beside_the_first_and_nothing_is_overwritten(call, folder):
    before = (folder / "runs" / "digits" / "metrics.json").read_bytes()
    ended = call("train", "--from", "runs/digits", "--set", "epochs=1", "--out", "runs/digits", "--json")
    assert ended.status == 0, ended.errors
    document = json.loads(ended.output)
    assert document["run"] == "runs/digits-2"
    assert set(document) == {"run", "report", "metrics"}
    assert (folder / "runs" / "digits" / "metrics.json").read_bytes() == before


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("train", "digitz"), "did you mean digits?"),
        (("train", "digits", "--model", "lenet6"), "did you mean lenet5"),
        (("train", "digits", "--set", "optimizer.rl=1"), "optimizer.lr"),
        (("train", "digits", "--epochs", "0"), "epochs"),
        (("evaluate", "runs/none"), "runs/none"),
        (("predict", "runs/digits", "none.jpg"), "none.jpg"),
    ],
)
def test_a_mistake_is_said_in_a_sentence_and_the_status_is_two(call, arguments, said):
    ended = call(*arguments)
    assert ended.status == 2
    assert ended.output == ""
    assert ended.errors.splitlines()[-1].startswith("error: ")
    assert said in ended.errors
