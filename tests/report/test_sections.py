import numpy as np
import pytest

from striate.report.choice import choose
from striate.report.contents import Extras, gather
from striate.report.sections import (
    Shelf,
    bar_floor,
    matrix_rows,
    pairs,
    part_counts,
    plain_facts,
    quarantined,
    told_epochs,
)
from striate.report.thumbnails import Thumbnails


@pytest.fixture
def contents(digits_run):
    return gather(digits_run.path)


def test_the_rows_of_the_matrix_are_the_measured_counts(contents):
    rows = matrix_rows(contents)
    assert [[cell["count"] for cell in row["cells"]] for row in rows] == contents.measured["confusion"]
    assert rows[3]["cells"][3]["shade"] == 0


def test_a_story_tells_truth_answer_and_both_probabilities(contents, digits_run):
    answers = contents.answers["test"]
    choice = choose(answers, 10)
    row = int(answers.rows[choice.worst[0]])
    shelf = Shelf(contents, answers, choice, Thumbnails({row: 42}), digits_run.extras)
    told = shelf.pictures(choice.worst)[0]
    powers = np.exp(digits_run.scores[row].astype(float) / 1.2)
    assert told["tile"] == 42
    assert told["truth"] == str(digits_run.labels[row])
    assert told["answer"] == str(digits_run.scores[row].argmax())
    assert told["probability"] == pytest.approx((powers / powers.sum()).max())
    assert told["truth_probability"] == pytest.approx((powers / powers.sum())[digits_run.labels[row]])
    assert not told["right"]


def test_the_most_confused_pairs_fall_in_number_and_know_their_cell(contents):
    found = pairs(contents, None)
    confusion = np.array(contents.measured["confusion"])
    wrong = confusion - np.diag(confusion.diagonal())
    assert [pair["pictures"] for pair in found] == sorted(wrong[wrong > 0], reverse=True)[:10]
    for pair in found:
        truth, answer = map(int, pair["key"].split(","))
        assert (pair["truth"], pair["answer"], pair["pictures"]) == (str(truth), str(answer), wrong[truth, answer])


def test_parts_without_pictures_have_no_column(contents, untested_run):
    assert set(part_counts(contents)[0]) == {"class", "train", "val", "test"}
    assert part_counts(contents)[3]["test"] == 0
    assert set(part_counts(gather(untested_run.path))[0]) == {"class", "train"}


def test_the_epochs_told_are_the_best_on_validation_and_the_last(contents):
    contents.log.epochs["val_accuracy"][4] = 0.999
    assert [(line["epoch"], line["which"]) for line in told_epochs(contents)] == [
        (5, "best on validation"),
        (12, "last"),
    ]
    contents.log.epochs["val_accuracy"][7] = 0.999
    contents.log.epochs["val_loss"][[4, 7]] = 0.2, 0.1
    assert told_epochs(contents)[0]["epoch"] == 8  # as accurate, and surer
    contents.log.epochs["val_accuracy"][11] = 1.0
    assert [line["which"] for line in told_epochs(contents)] == ["last, best on validation"]
    contents.log.epochs["val_accuracy"][:] = np.nan
    assert [(line["which"], line["val_accuracy"]) for line in told_epochs(contents)] == [("last", None)]


def test_the_bars_begin_below_the_lowest_limit(contents):
    lows = [e[w]["low"] for e in contents.measured["per_class"] for w in ("recall", "precision", "f1")]
    lowest = min(low for low in lows if low is not None)
    assert bar_floor(contents) <= lowest < bar_floor(contents) + 0.1


def test_pictures_that_went_bad_while_training_are_quarantined_too(contents):
    contents.environment["unreadable_while_training"] = {"12": "no such file"}
    found = quarantined(contents, Extras(names="picture {}".format))
    assert len(found) == 5
    assert found[-1] == {
        "picture": "picture 12",
        "split": "train",
        "reason": "became unreadable while training: no such file",
    }


def test_nested_facts_become_rows_without_what_is_not_known():
    assert plain_facts({"plan": {"device": "cpu"}, "git": None, "cores": 2, "seconds": 1.36491123}) == [
        ("plan.device", "cpu"),
        ("cores", "2"),
        ("seconds", "1.36491"),
    ]
