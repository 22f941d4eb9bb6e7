import json

import pytest

from striate.train.step import Outcome
from striate.train.sums import Sums


def test_unequal_steps_count_by_their_pictures() -> None:
    sums = Sums()
    sums.add(Outcome(2.0, 3, 4, {"aux1": (1.0, 1), "aux2": (4.0, 0)}))
    sums.add(Outcome(1.0, 2, 2, {"aux1": (4.0, 2), "aux2": (1.0, 1)}))
    assert sums.measures("train_") == pytest.approx(
        {
            "train_loss": 10 / 6,
            "train_accuracy": 5 / 6,
            "train_aux1_loss": 2.0,
            "train_aux1_accuracy": 0.5,
            "train_aux2_loss": 3.0,
            "train_aux2_accuracy": 1 / 6,
        }
    )


def test_without_auxiliary_heads_there_are_two_numbers_and_without_pictures_they_are_zero() -> None:
    assert Sums().measures() == {"loss": 0.0, "accuracy": 0.0}


def test_sums_survive_json_and_go_on() -> None:
    first, second = Outcome(0.1, 1, 3, {"aux": (0.7, 2)}), Outcome(0.2, 2, 3, {"aux": (0.9, 1)})
    whole, broken = Sums(), Sums()
    whole.add(first)
    broken.add(first)
    broken = Sums(**json.loads(json.dumps(vars(broken))))
    for sums in (whole, broken):
        sums.add(second)
    assert broken == whole


def test_what_is_cleared_begins_again() -> None:
    sums = Sums()
    sums.add(Outcome(2.0, 3, 4, {"aux1": (1.0, 1)}))
    sums.clear()
    assert sums == Sums()
