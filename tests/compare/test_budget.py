"""Sharing out a budget: kept, and used where the recipes can use it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from striate.compare.budget import Need, check, makespan, parse, share_out
from striate.core.errors import RecipeError


@pytest.mark.parametrize(("text", "seconds"), [("90s", 90), ("30m", 1800), ("1.5h", 5400)])
def test_a_time_is_read_in_its_unit(text: str, seconds: float) -> None:
    assert parse(text).seconds == seconds
    assert parse(text).epochs is None


def test_epochs_are_read_too_and_anything_else_is_refused() -> None:
    assert parse("10e").epochs == 10
    for text in ("", "10", "0m", "1.5e", "ten minutes", "-3m"):
        with pytest.raises(RecipeError, match="write 90s, 30m or 2h"):
            parse(text)


def test_who_needs_little_leaves_the_rest_to_the_others() -> None:
    needs = {"small": Need(1.0, 0.1, 60), "large": Need(1.0, 10.0, 60), "other": Need(1.0, 10.0, 60)}
    found = share_out(["small", "large", "other"], needs, 200.0, settled={})
    assert found["small"] == 60
    assert found["large"] == found["other"] == 9  # (200 - 7) / 2 seconds each


def test_with_time_enough_all_train_by_their_own_recipes() -> None:
    needs = {"a": Need(1.0, 1.0, 12), "b": Need(1.0, 2.0, 15)}
    assert share_out(["a", "b"], needs, 1e6, settled={}) == {"a": 12, "b": 15}


def test_all_seeds_of_a_model_have_the_epochs_of_the_first() -> None:
    needs = {"a": Need(0.0, 1.0, 50), "b": Need(0.0, 1.0, 50)}
    found = share_out(["a", "b", "b"], needs, 40.0, settled={"a": 20})
    assert found == {"a": 20, "b": 10}


@given(
    st.lists(st.tuples(st.floats(0, 9), st.floats(0.01, 20), st.integers(1, 90)), min_size=1, max_size=6),
    st.floats(1, 900),
    st.integers(1, 3),
)
def test_a_budget_is_kept_wherever_one_epoch_of_each_fits(
    drawn: list[tuple[float, float, int]], seconds: float, lanes: int
) -> None:
    needs = {str(place): Need(*need) for place, need in enumerate(drawn)}
    found = share_out(list(needs), needs, seconds, settled={}, lanes=[0.0] * lanes)
    ends = makespan([needs[model].takes(found[model]) for model in needs], [0.0] * lanes)
    least = makespan([need.takes(1) for need in needs.values()], [0.0] * lanes)
    assert ends <= max(seconds, least) + 1e-6
    assert all(1 <= found[model] <= need.epochs for model, need in needs.items())


def test_a_job_without_epochs_takes_what_it_takes() -> None:
    needs = {"forest": Need(30.0, 0.0, None), "network": Need(0.0, 1.0, 90)}
    assert share_out(["forest", "network"], needs, 50.0, settled={}) == {"forest": None, "network": 20}


def test_jobs_begin_in_the_lane_that_is_free_first() -> None:
    assert makespan([5, 4, 3], [0.0, 0.0]) == 7
    assert makespan([5], [9.0, 2.0]) == 9


def test_a_budget_without_room_for_one_epoch_each_is_refused_by_name() -> None:
    needs = {"small": Need(1.0, 0.1, 60), "huge": Need(5.0, 300.0, 60)}
    with pytest.raises(RecipeError, match=r"60s is too short.*306 s, huge alone 305 s.*Give 307 s or more"):
        check(["small", "huge"], needs, parse("60s"), 1)
    check(["small", "huge"], needs, parse("6m"), 1)
    check(["small", "huge"], needs, parse("1e"), 1)
