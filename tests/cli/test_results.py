import numpy as np
import pytest

from striate.cli.results import show, verdict
from striate.evaluate import accuracy


def measure(classes, *, right=9, wrong=1, temperature=None):
    labels = np.repeat(np.arange(len(classes)), right + wrong)
    answers = labels.copy()
    answers[:: right + wrong] = (labels[:: right + wrong] + 1) % len(classes)
    return accuracy.measure(np.eye(len(classes))[answers] * 3, labels, classes, temperature=temperature)


def test_without_a_test_the_verdict_says_that_validation_was_used_for_selection():
    said = verdict("lenet5", {"val": measure(["a", "b"])})
    assert said.startswith("lenet5 is right on 90.0 % of 20 ")
    assert "validation, used for selection" in said


def test_with_a_test_the_verdict_is_about_the_test():
    both = {"val": measure(["a", "b"]), "test": measure(["a", "b"], right=4)}
    assert verdict("lenet5", both) == "lenet5 is right on 80.0 % of 10 test pictures (95 % interval 49.0 to 94.3 %)."


def test_without_either_nothing_is_claimed():
    assert "nothing is known" in verdict("lenet5", {})


def test_of_many_classes_the_worst_are_shown_and_the_rest_counted(capsys):
    show(measure([f"class {i}" for i in range(40)]))
    output = capsys.readouterr().out
    assert "the 30 worst of 40 classes (--json has all):" in output
    assert output.count("class ") - output.count("taken for") * 2 == 30 + 1  # and the heading


def test_classes_without_pictures_are_counted_and_not_shown(capsys):
    show(accuracy.measure(np.eye(50)[[3, 4, 4]], [3, 4, 9], [f"class {i}" for i in range(50)]))
    output = capsys.readouterr().out
    assert "of 50 classes, 3 have pictures here" in output
    assert "class 9" in output
    assert "class 20" not in output


def test_top_5_is_shown_only_where_it_says_something(capsys):
    show(measure(["a", "b"]))
    assert "top-5" not in capsys.readouterr().out
    show(measure(list("abcdef")))
    assert "top-5" in capsys.readouterr().out


def test_calibration_is_said_before_and_after_scaling(capsys):
    show(measure(["a", "b"], temperature=2.0))
    output = capsys.readouterr().out
    assert output.count("Expected calibration error") == 2
    assert "(temperature 2)" in output


@pytest.mark.parametrize("pictures", [0, 1])
def test_few_pictures_are_no_reason_to_fail(capsys, pictures):
    scores = np.ones((pictures, 2)) * [1, 0]
    show(accuracy.measure(scores, [0] * pictures, ["a", "b"], unanswered_labels=[1]))
    assert "unreadable" in capsys.readouterr().out
