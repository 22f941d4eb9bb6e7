"""Another way of computing must answer as eager float32 does; what rounding could turn is computed again."""

import numpy as np
from numpy.typing import NDArray

from striate.runtime.agreement import Doubt, check, disagreement
from striate.runtime.ways import Way

HALF, EXACT = Way("fused", "bf16"), Way("fused")


def made(count: int, noise: float, classes: int = 10) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return scores with margins of all sizes, and the same as they are after rounding by `noise`."""
    draw = np.random.default_rng(0)
    exact = draw.normal(0, 3, (count, classes)).astype(np.float32)
    return exact, (exact + draw.normal(0, noise, exact.shape)).astype(np.float32)


def test_winners_may_change_in_float32_where_the_two_best_are_as_near_as_the_tolerance_and_never_in_bf16() -> None:
    exact = np.log(np.array([[0.502, 0.498], [0.9, 0.1]], np.float32))
    swapped = np.log(np.array([[0.498, 0.502], [0.9, 0.1]], np.float32))
    assert "other classes" in disagreement(Way("fused", "bf16"), swapped, exact)[1]
    assert "depart" in disagreement(Way("fused"), swapped, exact)[1]
    near = np.log(np.array([[0.500001, 0.499999]], np.float32))
    assert disagreement(Way("fused"), near[:, ::-1].copy(), near)[1] == ""
    assert "depart" in disagreement(Way("fused", "bf16"), exact[:, ::-1].copy(), exact)[1]
    assert "not finite" in disagreement(Way("fused"), np.full((2, 2), np.nan, np.float32), exact)[1]


def test_scores_of_many_uncertain_classes_must_agree_though_all_probabilities_are_small() -> None:
    exact = np.random.default_rng(0).normal(0, 0.1, (4, 1000)).astype(np.float32)
    assert "scores depart" in disagreement(Way("fused", "bf16"), -exact, exact)[1]


def test_a_low_temperature_is_held_to_the_same_probabilities() -> None:
    exact, near = np.array([[0.5, 0.5]], np.float32), np.array([[0.5, 0.52]], np.float32)
    assert disagreement(Way("fused", "bf16"), near, exact)[1] == ""
    assert "depart" in disagreement(Way("fused", "bf16"), near, exact, temperature=0.05)[1]
    assert "on average" in disagreement(Way("fused", "bf16"), near, exact, temperature=0.3)[1]


def test_answers_that_rounding_turns_are_doubted_and_settled() -> None:
    exact, rough = made(20_000, noise=0.01)
    turned = rough.argmax(1) != exact.argmax(1)
    doubt = Doubt()
    doubt.learn(rough[:64], exact[:64])
    settled = doubt.settle(rough, lambda rows: exact[rows])
    assert turned.sum() > 10
    assert np.array_equal(settled.argmax(1), exact.argmax(1))
    assert (settled != rough).any(1).mean() < 0.05


def test_everything_is_doubted_before_an_error_was_seen() -> None:
    exact, rough = made(5, noise=0.01)
    assert Doubt().doubts(rough).all()
    assert np.array_equal(Doubt().settle(rough, lambda rows: exact[rows]), exact)


def test_a_greater_error_than_before_raises_more_doubts_at_once() -> None:
    exact = np.array([[1.0, 0.9], [1.0, 0.3], [5.0, 0.0]], np.float32)
    rough = np.array([[0.9, 1.0], [0.6, 0.3], [5.0, 0.0]], np.float32)
    doubt = Doubt()
    doubt.learn(np.array([[0.0, 0.06]], np.float32), np.array([[0.0, 0.0]], np.float32))  # doubts up to 0.12
    asked: list[list[bool]] = []
    settled = doubt.settle(rough, lambda rows: (asked.append(rows.tolist()), exact[rows])[1])
    assert asked == [[True, False, False], [False, True, False]]
    assert np.array_equal(settled, exact)


def test_scores_that_are_not_finite_are_settled() -> None:
    exact, rough = made(4, noise=0.001)
    doubt = Doubt()
    doubt.learn(rough, exact)
    rough[2, 3] = np.inf
    assert doubt.doubts(rough)[2]
    assert np.array_equal(doubt.settle(rough, lambda rows: exact[rows])[2], exact[2])


def test_a_single_class_is_in_no_doubt() -> None:
    doubt = Doubt()
    one = np.ones((3, 1), np.float32)
    doubt.learn(one, one)
    assert not doubt.doubts(one).any()


def test_half_precision_is_out_where_much_would_be_answered_twice() -> None:
    exact, rough = made(64, noise=0.002)
    sound = check(HALF, rough, exact)
    assert sound.problem == ""
    assert sound.doubted < 0.1
    near = exact / 1000  # a network that hardly decides
    assert "in doubt" in check(HALF, near + (rough - exact) / 16, near).problem
    assert "not finite" in check(HALF, np.full((2, 2), np.nan, np.float32), exact[:2, :2]).problem


def test_a_wrong_way_is_out_in_either_precision() -> None:
    exact, _ = made(64, noise=0.0)
    assert check(EXACT, exact[:, ::-1].copy(), exact).problem
    assert check(HALF, exact[:, ::-1].copy(), exact).problem
    assert check(EXACT, exact, exact).problem == ""
    assert check(HALF, exact[:0], exact[:0]).problem == ""
