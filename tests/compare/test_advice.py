"""One sentence of advice, and what it must not hide."""

from collections.abc import Callable
from typing import Any

import pytest

from striate.compare.advice import advice, advised, cautions


@pytest.fixture
def found(told: Callable[..., dict[str, Any]]) -> Callable[..., dict[str, Any]]:
    """A comparison of three, of which those named cannot be told from the best."""

    def make(*undecided: str, part: str = "test", runs: int = 1) -> dict[str, Any]:
        slow, quick, poor = told("slow", 0.96, 8e-3), told("quick", 0.95, 1e-3), told("poor", 0.7, 1e-5)
        names = ("slow", "quick"), ("slow", "poor"), ("quick", "poor")
        pairs = [
            {
                "first": one, "second": other, "difference": 0.01, "low": -0.01, "high": 0.03,
                "p": 0.2 if other in undecided else 0.001, "p_holm": 0.6 if other in undecided else 0.003,
                "only_first": 5, "only_second": 3, "better": None if other in undecided else one,
            }
            for one, other in names
        ]  # fmt: skip
        several = [{**entry, "runs": entry["runs"] * runs} for entry in (slow, quick, poor)]
        return {"recognizers": several, "pairs": pairs, "part": part, "pictures": 400, "significant": 0.05}

    return make


def test_the_cheapest_of_those_that_are_not_significantly_worse_is_advised(found: Any) -> None:
    open_case = found("quick")
    assert advised(open_case)["name"] == "quick"
    said = advice(open_case)
    assert "Take quick: right on 95.0" in said
    assert "1.0 points behind the best, slow" in said
    assert "8 times quicker" in said
    assert "up to 3.0 points" in " ".join(cautions(open_case, same_training=True))


def test_where_the_best_may_be_far_better_the_advice_says_that_pictures_are_too_few(found: Any) -> None:
    wide = found("quick")
    wide["pairs"][0] |= {"low": -0.05, "high": 0.45}
    said = advice(wide)
    assert said.startswith("Take quick for now: right on 95.0")
    assert "slow, which 400 test pictures are too few to tell from chance, and 8 times quicker" in said


def test_what_beats_every_other_is_advised_whatever_it_costs(found: Any) -> None:
    assert advice(found()) == "Take slow: right on 96.0\u202f%, significantly better than every other."


def test_a_cheap_one_that_is_undecided_only_against_others_is_not_advised(found: Any) -> None:
    case = found("quick")
    case["pairs"][2]["better"] = None  # quick and poor
    assert advised(case)["name"] == "quick"


def test_what_only_the_correction_for_many_pairs_leaves_open_is_not_advised(found: Any) -> None:
    case = found()
    case["pairs"][0] |= {"p": 0.02, "p_holm": 0.06, "better": None}  # slow and quick
    assert advised(case)["name"] == "slow"
    assert advice(case).endswith("; every other, looked at by itself, is significantly worse.")


def test_cautions_name_validation_single_seeds_and_other_training_pictures(found: Any) -> None:
    said = " ".join(cautions(found("quick", part="val"), same_training=False, failed=2))
    assert "validation, used for selection" in said
    assert "trained once" in said
    assert "trained on different pictures" in said
    assert "2 could not be trained" in said
    assert "Of 3 pairs, 1 cannot be told apart" in said
    assert "other seeds" in " ".join(cautions(found(runs=3), same_training=True))


def test_who_was_trained_for_less_than_its_recipe_asks_is_named(found: Any) -> None:
    case = found("quick")
    assert "fewer epochs" not in " ".join(cautions(case, same_training=True))
    case["recognizers"][0]["epochs"] = 3
    said = " ".join(cautions(case, same_training=True))
    assert "Trained for fewer epochs than its own recipe has, and perhaps better with more: slow (3 of 12)." in said
