import json
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

import striate
from striate.evaluate import accuracy


@pytest.fixture
def measured(monkeypatch):
    """What `striate.evaluate` was called with; it answers with the measures of 3 classes, 5 right of 6."""
    asked = {}
    scores = np.eye(3)[[0, 0, 1, 1, 2, 0]] * 4
    metrics = accuracy.measure(scores, [0, 0, 1, 1, 2, 2], ["cat", "dog", "owl"], unanswered_labels=[1])

    def evaluate(run, data, **options):
        asked.update(options, run=run, data=data)
        lost = [("a/broken.jpg", "truncated")]
        return SimpleNamespace(part=data or "test", metrics=metrics, ignored=2, seen=0, quarantined=lost)

    monkeypatch.setattr(striate, "evaluate", evaluate)
    return asked


def test_every_option_reaches_the_library(call, measured):
    assert (
        call("evaluate", "runs/x", "field.csv", "--data-root", "root", "--ignore-unknown", "--views", "ten").status == 0
    )
    expected = {"run": Path("runs/x"), "data": "field.csv", "data_root": Path("root"), "ignore_unknown": True}
    expected["views"] = "ten"
    assert measured == expected


def test_the_table_says_what_was_measured_and_on_what(call, measured):
    output = call("evaluate", "runs/x").output
    assert "runs/x on its test pictures" in output
    assert "left out: 2 pictures of classes that it does not know" in output
    assert "unreadable: a/broken.jpg: truncated" in output
    assert "71.4 % (95 % interval 35.9 to 91.8 %)" in output  # 5 of 7, the unreadable one counts as wrong
    assert "owl taken for cat: 1 of 2" in output


def test_other_data_is_named(call, measured):
    assert "runs/x on field.csv" in call("evaluate", "runs/x", "field.csv").output
    assert "runs/x on val\n" in call("evaluate", "runs/x", "val").output


def test_json_has_all_of_it(call, measured):
    document = json.loads(call("evaluate", "runs/x", "--json").output)
    assert document["part"] == "test"
    assert document["ignored"] == 2
    assert document["quarantined"] == [{"picture": "a/broken.jpg", "reason": "truncated"}]
    assert document["metrics"]["pictures"] == 7
