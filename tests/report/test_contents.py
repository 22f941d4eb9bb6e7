import json
import shutil

import numpy as np
import pytest

from striate.core.errors import DataError
from striate.report.contents import Extras, gather
from striate.report.page import write


@pytest.fixture
def copied(digits_run, tmp_path):
    return shutil.copytree(digits_run.path, tmp_path / "run")


def test_the_headline_is_about_test_where_there_is_one(digits_run, hostile_run, untested_run):
    assert gather(digits_run.path).part == "test"
    assert gather(hostile_run.path).part == "val"
    assert gather(untested_run.path).part is None
    assert gather(untested_run.path).answers == {}


def test_the_answers_agree_with_the_measures(digits_run):
    contents = gather(digits_run.path)
    for part in ("val", "test"):
        answers, measured = contents.answers[part], contents.measures[part]
        assert len(answers) == measured["pictures"] - measured["unanswered"]
        assert answers.right.sum() == np.trace(measured["confusion"])


def test_the_log_becomes_columns_with_gaps_where_it_says_nothing(perfect_run):
    log = gather(perfect_run.path).log
    assert len(log.steps["step"]) == 240
    assert log.epochs["epoch"].tolist() == list(range(1, 13))
    assert np.isnan(log.epochs["val_loss"]).all()
    assert np.isfinite(log.epochs["train_loss"]).all()


def test_auxiliary_heads_become_columns_of_the_epochs(copied):
    lines = [json.loads(line) for line in (copied / "log.jsonl").read_text().splitlines()]
    assert gather(copied).log.auxiliary == ()
    head = {"train_aux1_loss": 1.5, "train_aux1_accuracy": 0.5}
    changed = [{**line, **head} if line["kind"] == "epoch" else line for line in lines]
    (copied / "log.jsonl").write_text("".join(json.dumps(line) + "\n" for line in changed))
    log = gather(copied).log
    assert log.auxiliary == ("aux1",)
    assert (log.epochs["train_aux1_accuracy"] == 0.5).all()
    page = write(copied, None, Extras()).read_text(encoding="utf-8")
    assert "aux1: the auxiliary head on the way" in page


@pytest.mark.parametrize("file", ["recipe.toml", "classes.json", "metrics.json", "data.json", "log.jsonl"])
def test_a_missing_file_is_named(copied, file):
    (copied / file).unlink()
    with pytest.raises(DataError, match=f"no file .*{file}"):
        gather(copied)


@pytest.mark.parametrize(
    ("file", "said"),
    [("metrics.json", "is not JSON"), ("recipe.toml", "is not TOML"), ("log.jsonl", "line 2 is not JSON")],
)
def test_a_file_that_is_not_what_it_claims_is_named(copied, file, said):
    (copied / file).write_text('{"kind": "step"}\n{{ nothing' if file == "log.jsonl" else "{ nothing")
    with pytest.raises(DataError, match=said):
        gather(copied)


def test_a_part_without_pictures_is_no_part(copied):
    metrics = json.loads((copied / "metrics.json").read_text())
    (copied / "metrics.json").write_text(json.dumps({**metrics, "test": {"pictures": 0}}))
    assert gather(copied).part == "val"


def test_without_predictions_the_numbers_remain(copied):
    (copied / "predictions.parquet").unlink()
    contents = gather(copied)
    assert contents.answers == {}
    assert contents.measured is not None
