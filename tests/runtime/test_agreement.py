"""Another way of computing must answer as eager float32 does; what rounding could turn or move is computed again."""

import numpy as np
import pytest
from numpy.typing import NDArray

from striate.runtime.agreement import TOLERANCE, Doubt, check
from striate.runtime.ways import Way

Scores = NDArray[np.float32]
HALF, EXACT = Way("fused", "bf16"), Way("fused")


def made(count: int, noise: float, classes: int = 10) -> tuple[Scores, Scores]:
    """Return scores with leads of all sizes, and the same as they are after rounding by `noise`."""
    draw = np.random.default_rng(0)
    exact = draw.normal(0, 3, (count, classes)).astype(np.float32)
    return exact, (exact + draw.normal(0, noise, exact.shape)).astype(np.float32)


def shares(scores: Scores, temperature: float = 1.0) -> NDArray[np.float64]:
    raised = np.exp(scores.astype(np.float64) / temperature)
    return raised / raised.sum(1, keepdims=True)


def learned(move: float, temperature: float = 1.0) -> Doubt:
    """Return a doubt that has seen one lead moved by so much, and so, of two classes, T times a logit."""
    doubt = Doubt(temperature)
    doubt.learn(np.array([[5.0 + move, 0.0]], np.float32), np.array([[5.0, 0.0]], np.float32))
    return doubt


@pytest.mark.parametrize("temperature", [0.5, 1.0, 3.0])
def test_no_doubt_is_left_only_where_moves_up_to_the_limit_can_neither_turn_nor_move_an_answer(
    temperature: float,
) -> None:
    exact, _ = made(20_000, noise=0.0, classes=4)
    doubt = learned(0.2, temperature)
    answers, rows = exact.argmax(1), np.arange(len(exact))
    certain = ~doubt.doubts(exact)
    for way in (-1, 1):  # the worst that rounding can do to the answer: all leads less, or all more, by twice that
        moved = exact.copy()
        moved[rows, answers] += np.float32(way * 0.4 * 0.999)
        kept = moved.argmax(1) == answers
        departures = np.abs(shares(moved, temperature) - shares(exact, temperature))[rows, answers]
        assert kept[certain].all()
        assert departures[certain].max() <= TOLERANCE
        if way < 0:
            assert (~kept | (departures > 0.9 * TOLERANCE))[~certain].mean() > 0.9  # and few are doubted in vain


def test_answers_that_rounding_turns_are_settled_and_probabilities_stay_within_the_tolerance() -> None:
    exact, rough = made(20_000, noise=0.01)
    doubt = Doubt()
    doubt.learn(rough[:16], exact[:16])
    settled = np.concatenate(
        [doubt.settle(rough[i : i + 40], lambda rows, i=i: exact[i : i + 40][rows]) for i in range(0, 20_000, 40)]
    )
    assert (rough.argmax(1) != exact.argmax(1)).sum() > 10
    assert np.array_equal(settled.argmax(1), exact.argmax(1))
    assert np.abs(shares(settled) - shares(exact)).max() < TOLERANCE
    assert (settled != rough).any(1).mean() < 0.2


def test_the_lead_over_every_class_is_watched_not_that_over_the_second_alone() -> None:
    doubt = Doubt()
    doubt.learn(np.array([[30.0, 20.0, 0.5]], np.float32), np.array([[30.0, 20.0, 0.0]], np.float32))
    assert doubt.doubts(np.array([[9.0, 8.1], [9.0, 7.9], [30.0, 28.9]], np.float32)).tolist() == [True, False, False]


def test_everything_is_doubted_before_a_move_was_seen() -> None:
    exact, rough = made(5, noise=0.01)
    assert Doubt().doubts(rough).all()
    assert np.array_equal(Doubt().settle(rough, lambda rows: exact[rows]), exact)


def test_a_greater_move_than_before_raises_more_doubts_at_once() -> None:
    exact = np.array([[9.0, 8.9], [9.0, 8.3], [9.0, 0.0]], np.float32)
    rough = np.array([[8.9, 9.0], [8.6, 8.3], [9.0, 0.0]], np.float32)
    asked: list[list[bool]] = []
    settled = learned(0.06).settle(rough, lambda rows: (asked.append(rows.tolist()), exact[rows])[1])
    assert asked == [[True, False, False], [False, True, False]]
    assert np.array_equal(settled, exact)


def test_pictures_of_another_kind_show_themselves_by_the_least_lead_of_their_batch() -> None:
    exact, rough = made(40, noise=0.5)
    doubt = learned(0.0)  # as sixteen black pictures leave it
    assert not doubt.doubts(rough).any()
    settled = doubt.settle(rough, lambda rows: exact[rows])
    assert (rough.argmax(1) != exact.argmax(1)).any()
    assert np.array_equal(settled.argmax(1), exact.argmax(1))


def test_what_float32_says_of_probabilities_is_remembered() -> None:
    doubt = Doubt(temperature=0.5)
    rough, exact = np.array([[0.1, 0.0]], np.float32), np.array([[0.0, 0.0]], np.float32)
    doubt.learn(rough, exact)
    doubt.learn(exact, exact)
    assert doubt.departure == pytest.approx(1 / (1 + np.exp(-0.2)) - 0.5)


@pytest.mark.parametrize("bad", [np.inf, -np.inf, np.nan])
def test_scores_that_are_not_finite_are_settled(bad: float) -> None:
    exact, rough = made(4, noise=0.001)
    doubt = Doubt()
    doubt.learn(rough, exact)
    rough[2, 3] = bad
    assert doubt.doubts(rough)[2]
    assert np.array_equal(doubt.settle(rough, lambda rows: exact[rows])[2], exact[2])
    assert doubt.doubts(rough).tolist() == [False, False, True, False]


def test_where_float32_itself_is_not_finite_everything_is_doubted_from_then_on() -> None:
    exact, rough = made(6, noise=0.001)
    doubt = Doubt()
    doubt.learn(rough[:1], np.full((1, 10), np.nan, np.float32))
    doubt.learn(rough, exact)
    assert doubt.doubts(rough).all()
    assert check(EXACT, exact, np.full_like(exact, np.nan)).problem


def test_a_single_class_is_in_no_doubt() -> None:
    doubt = Doubt()
    one = np.ones((3, 1), np.float32)
    doubt.learn(one, one)
    assert not doubt.doubts(one).any()
    assert np.array_equal(doubt.settle(one, lambda rows: one[rows]), one)


def test_half_precision_is_out_where_half_of_the_answers_would_be_given_twice() -> None:
    exact, rough = made(64, noise=0.002)
    sound = check(HALF, rough, exact)
    assert sound.problem == ""
    assert sound.doubted < 0.1
    near = exact / 1000  # a network that hardly decides
    assert "in doubt" in check(HALF, near + (rough - exact) / 4, near).problem
    many = np.random.default_rng(0).normal(0, 0.1, (16, 1000)).astype(np.float32)  # all probabilities are small
    assert "in doubt" in check(HALF, -many, many).problem
    assert "not finite" in check(HALF, np.full((2, 2), np.nan, np.float32), exact[:2, :2]).problem


def test_a_wrong_way_is_out_in_either_precision() -> None:
    exact, _ = made(64, noise=0.0)
    assert check(EXACT, exact[:, ::-1].copy(), exact).problem
    assert check(HALF, exact[:, ::-1].copy(), exact).problem
    assert check(EXACT, exact, exact).problem == ""
    assert "not finite" in check(EXACT, np.full((2, 2), np.nan, np.float32), exact[:2, :2]).problem
    for way in (EXACT, HALF):
        assert check(way, exact[:0], exact[:0]).problem == ""


def test_in_float32_the_last_bits_may_differ_and_no_more() -> None:
    near = np.log(np.array([[0.500001, 0.499999]], np.float32))
    assert check(EXACT, near[:, ::-1].copy(), near).problem == ""
    swapped = np.log(np.array([[0.498, 0.502], [0.9, 0.1]], np.float32))
    exact = np.log(np.array([[0.502, 0.498], [0.9, 0.1]], np.float32))
    assert "probabilities depart" in check(EXACT, swapped, exact).problem
    many = np.random.default_rng(0).normal(0, 0.1, (4, 1000)).astype(np.float32)
    assert "scores depart" in check(EXACT, many * np.float32(1.01), many).problem
    assert "probabilities depart" in check(EXACT, exact + np.float32([[0, 1e-5]]), exact, temperature=0.01).problem
