import json
from pathlib import Path
from types import SimpleNamespace

import pytest

import striate


@pytest.fixture
def trained(monkeypatch):
    """What `striate.train` was called with, instead of a training."""
    asked = {}

    def train(data, **options):
        asked.update(options, data=data)
        accuracy = {"value": 0.9, "low": 0.8, "high": 0.95, "interval": "wilson"}
        measured = {"accuracy": accuracy, "pictures": 50, "unanswered": 0}
        recipe = SimpleNamespace(model="resnet20", seed=3)
        return SimpleNamespace(path=Path("runs/my photos"), metrics={"test": measured}, recipe=recipe)

    monkeypatch.setattr(striate, "train", train)
    return asked


def test_every_option_reaches_the_library(call, trained):
    outcome = call(
        *("train", "photos", "--model", "resnet20", "--out", "runs/x", "--epochs", "3", "--batch-size", "8"),
        *("--seed", "1", "--image-size", "32", "--weights", "w.safetensors", "--data-root", "root"),
        *("--from", "runs/a", "--set", "optimizer.lr=0.05", "--set", "augment.shift=2"),
    )
    assert outcome.status == 0
    assert trained == {
        "data": "photos",
        "model": "resnet20",
        "out": Path("runs/x"),
        "epochs": 3,
        "batch_size": 8,
        "seed": 1,
        "image_size": 32,
        "weights": "w.safetensors",
        "data_root": Path("root"),
        "resume": None,
        "base": Path("runs/a"),
        "settings": ["optimizer.lr=0.05", "augment.shift=2"],
    }


def test_the_verdict_comes_with_its_interval_the_report_and_commands_that_can_be_pasted(call, trained):
    lines = call("train", "photos").output.splitlines()
    assert lines[0] == "resnet20 is right on 90.0 % of 50 test pictures (95 % interval 80.0 to 95.0 %)."
    assert lines[1] == "report: runs/my photos/report.html"
    assert "  striate evaluate 'runs/my photos'" in lines
    assert "  striate train --from 'runs/my photos' --set seed=4" in lines


def test_json_is_one_document_with_run_report_and_metrics(call, trained):
    document = json.loads(call("train", "photos", "--json").output)
    assert document["run"] == "runs/my photos"
    assert document["report"] == "runs/my photos/report.html"
    assert document["metrics"]["test"]["pictures"] == 50


def test_nothing_to_train_on_is_said(call, trained):
    outcome = call("train")
    assert outcome.status == 2
    assert "give DATA" in outcome.errors


@pytest.mark.parametrize("more", [["photos"], ["--epochs", "30"], ["--set", "seed=2"], ["--seed", "0"]])
def test_a_resumed_run_takes_no_changes(call, trained, more):
    outcome = call("train", "--resume", "runs/x", *more)
    assert outcome.status == 2
    assert "--from runs/x" in outcome.errors
    assert not trained


def test_resume_alone_goes_on(call, trained):
    assert call("train", "--resume", "runs/x").status == 0
    assert trained["resume"] == Path("runs/x")
