import csv
import io
import json
from pathlib import Path
from types import SimpleNamespace

import pytest

import striate
from striate.recognize.predict import Prediction

GOOD = Prediction("a,b.jpg", "cat", 0.875, {"cat": 0.875, "dog": 0.125})
BAD = Prediction("broken.jpg", None, None, None, "truncated")


@pytest.fixture
def answers(monkeypatch):
    """The answers that a run gives, for the test to change."""
    given = [GOOD]
    monkeypatch.setattr(striate, "load", lambda run: SimpleNamespace(answers=lambda pictures, **options: iter(given)))
    return given


def test_each_picture_is_a_line_with_its_class_and_probability(call, answers):
    outcome = call("predict", "runs/x", "a,b.jpg")
    assert outcome.status == 0
    assert outcome.output.splitlines()[1].split() == ["a,b.jpg", "cat", "87.5", "%"]


def test_a_picture_without_an_answer_is_named_with_its_reason_and_the_status_is_one(call, answers):
    answers.append(BAD)
    outcome = call("predict", "runs/x", "a,b.jpg", "broken.jpg")
    assert outcome.status == 1
    assert "broken.jpg" not in outcome.output
    assert outcome.errors.splitlines() == ["unreadable: broken.jpg: truncated", "1 of 2 pictures have no answer"]


def test_json_is_one_list_with_four_fields(call, answers):
    answers.append(BAD)
    assert json.loads(call("predict", "runs/x", "photos", "--json").output) == [
        {"picture": "a,b.jpg", "class": "cat", "probability": 0.875, "error": None},
        {"picture": "broken.jpg", "class": None, "probability": None, "error": "truncated"},
    ]


def test_csv_quotes_names_with_commas(call, answers):
    answers.append(BAD)
    rows = list(csv.DictReader(io.StringIO(call("predict", "runs/x", "photos", "--csv").output)))
    assert rows[0] == {"picture": "a,b.jpg", "class": "cat", "probability": "0.875", "error": ""}
    assert rows[1] == {"picture": "broken.jpg", "class": "", "probability": "", "error": "truncated"}


@pytest.mark.parametrize("form", ["csv", "json"])
def test_out_writes_by_its_ending_and_nothing_to_standard_output(call, answers, tmp_path, form):
    printed = call("predict", "runs/x", "photos", f"--{form}").output
    outcome = call("predict", "runs/x", "photos", "--out", tmp_path / f"answers.{form}")
    assert outcome.output == ""
    assert (tmp_path / f"answers.{form}").read_text() == printed


@pytest.mark.parametrize("options", [["--out", "photo.jpg"], ["--csv", "--json"], ["--csv", "--out", "a.json"]])
def test_forms_that_contradict_are_refused_before_anything_is_written(call, answers, tmp_path, monkeypatch, options):
    monkeypatch.chdir(tmp_path)
    assert call("predict", "runs/x", "photos", *options).status == 2
    assert not list(tmp_path.iterdir())


def test_a_run_that_is_none_is_the_users_to_fix(call):
    outcome = call("predict", "no/such/run", Path(__file__))
    assert outcome.status == 2
    assert outcome.errors.startswith("error: no run or recognizer no/such/run")
