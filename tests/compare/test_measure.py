"""The numbers of a comparison, from pictures that were answered by hand."""

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from striate.compare import measure
from striate.compare.entrants import Answered, Entrant

COST = dict.fromkeys(("parameters", "macs", "memory", "bytes", "training_seconds"), 1)


@pytest.fixture
def entrants(monkeypatch: pytest.MonkeyPatch) -> list[Entrant]:
    """Three recognizers of 200 pictures of two classes: 90 %, 90 % on others, 60 % right."""
    monkeypatch.setattr(measure, "recipe_of", lambda run: {"model": "linear", "seed": 3, "epochs": 5})
    labels = np.arange(200) % 2
    wrongs = {"one": np.arange(20), "other": np.arange(10, 30), "worse": np.arange(80)}
    return [Entrant(name, name, (_answered(labels, wrong),)) for name, wrong in wrongs.items()]


def _answered(labels: np.ndarray[Any, Any], wrong: np.ndarray[Any, Any]) -> Answered:
    given = labels.copy()
    given[wrong] = 1 - given[wrong]
    names = np.array(["cat", "dog"])[labels]
    scores = np.eye(2)[given] * 3
    split = SimpleNamespace(rows=lambda part: np.arange(400))
    run: Any = SimpleNamespace(path="somewhere", split=split)
    return Answered(run, ("cat", "dog"), "test", names, names, labels, labels, scores, np.ones(200, bool), 1.0)


@pytest.fixture
def found(entrants: list[Entrant]) -> dict[str, Any]:
    costs = {name: {**COST, "prediction_seconds": s} for name, s in (("one", 2.0), ("other", 1.0), ("worse", 0.5))}
    return measure.measure(entrants, costs)


def test_the_best_comes_first_and_of_equals_the_quicker(found: dict[str, Any]) -> None:
    assert [told["name"] for told in found["recognizers"]] == ["other", "one", "worse"]
    assert [told["accuracy"]["value"] for told in found["recognizers"]] == [0.9, 0.9, 0.6]
    assert found["pictures"] == 200
    assert found["all_wrong"] == 10
    assert [(told["epochs"], told["own_epochs"]) for told in found["recognizers"]] == [(5, 60)] * 3


def test_only_what_holds_after_the_correction_is_decided(found: dict[str, Any]) -> None:
    decided = {(entry["first"], entry["second"]): entry["better"] for entry in found["pairs"]}
    assert decided == {("other", "one"): None, ("other", "worse"): "other", ("one", "worse"): "one"}
    assert all(entry["p_holm"] >= entry["p"] for entry in found["pairs"])


def test_a_pair_is_told_from_either_side(found: dict[str, Any]) -> None:
    forth, back = measure.pair(found, "one", "worse"), measure.pair(found, "worse", "one")
    assert (forth["difference"], forth["only_first"], forth["only_second"]) == (pytest.approx(0.3), 60, 0)
    assert (back["difference"], back["only_first"], back["only_second"]) == (pytest.approx(-0.3), 0, 60)
    assert (back["low"], back["high"]) == (-forth["high"], -forth["low"])
    assert back["better"] == forth["better"] == "one"


def test_agreement_counts_equal_answers_right_or_wrong(found: dict[str, Any]) -> None:
    assert np.diag(found["agreement"]).tolist() == [1, 1, 1]
    assert found["agreement"][0][1] == pytest.approx(0.9)  # 10 pictures each wrong alone
    assert found["agreement"] == np.transpose(found["agreement"]).tolist()
