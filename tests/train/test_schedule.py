"""Schedules, each against its closed form."""

import math

import pytest

from striate.train.recipe import Schedule
from striate.train.schedule import factor_at

STEPS, EPOCHS = 10, 20


def _at(schedule: Schedule, epoch: float, falls: int = 0) -> float:
    return factor_at(schedule, round(epoch * STEPS), steps_per_epoch=STEPS, epochs=EPOCHS, falls=falls)


def _all(schedule: Schedule) -> list[float]:
    return [factor_at(schedule, s, steps_per_epoch=STEPS, epochs=EPOCHS) for s in range(STEPS * EPOCHS)]


def test_fixed_stays() -> None:
    assert set(_all(Schedule(name="fixed"))) == {1.0}


def test_step_falls_every_so_many_epochs() -> None:
    schedule = Schedule(name="step", every=5, factor=0.5)
    assert [_at(schedule, e) for e in (0, 4.9, 5, 9.9, 10, 19.9)] == [1, 1, 0.5, 0.5, 0.25, 0.125]


def test_multistep_falls_at_its_milestones() -> None:
    schedule = Schedule(name="multistep", milestones=(3, 7.5), factor=0.1)
    assert [round(_at(schedule, e), 9) for e in (2.9, 3, 7.4, 7.5)] == [1, 0.1, 0.1, 0.01]


def test_exponential_falls_by_its_factor_an_epoch() -> None:
    assert _at(Schedule(name="exponential", factor=0.9), 7) == pytest.approx(0.9**7)


def test_polynomial_and_cosine_reach_their_end() -> None:
    assert _at(Schedule(name="polynomial", power=2), 10) == pytest.approx(0.25)
    assert _at(Schedule(name="cosine"), 10) == pytest.approx(0.5)
    assert _at(Schedule(name="cosine", final=0.2), 20) == pytest.approx(0.2)
    assert _at(Schedule(name="cosine"), 5) == pytest.approx((1 + math.cos(math.pi / 4)) / 2)


def test_onecycle_rises_to_one_and_ends_at_its_final_share() -> None:
    factors = _all(Schedule(name="onecycle", final=0.05))
    top = factors.index(max(factors))
    assert max(factors) == 1
    assert top == 0.2 * STEPS * EPOCHS - 1
    assert factors[: top + 1] == sorted(factors[: top + 1])
    assert factors[top:] == sorted(factors[top:], reverse=True)
    assert factors[-1] == pytest.approx(0.05)


@pytest.mark.parametrize("name", ["fixed", "step", "multistep", "exponential", "polynomial", "cosine", "plateau"])
def test_a_warm_up_rises_linearly_and_never_starts_at_zero(name: str) -> None:
    schedule = Schedule.model_validate({"name": name, "warmup": 2})
    rise = [factor_at(schedule, s, steps_per_epoch=STEPS, epochs=EPOCHS) for s in range(2 * STEPS)]
    assert rise == pytest.approx([(s + 1) / (2 * STEPS) for s in range(2 * STEPS)])


@pytest.mark.parametrize("name", ["fixed", "cosine", "onecycle", "exponential", "polynomial"])
@pytest.mark.parametrize("warmup", [0.01, 0.33, 0.5, 1.7])
@pytest.mark.parametrize("steps", [1, 3, 7])
def test_no_schedule_ever_exceeds_the_recipes_learning_rate(name: str, warmup: float, steps: int) -> None:
    schedule = Schedule.model_validate({"name": name, "warmup": warmup})
    factors = [factor_at(schedule, s, steps_per_epoch=steps, epochs=3) for s in range(3 * steps)]
    assert max(factors) <= 1
    assert factors[0] > 0


def test_the_only_step_of_a_training_is_taken() -> None:
    assert factor_at(Schedule(name="onecycle"), 0, steps_per_epoch=1, epochs=1) == 1


def test_a_plateau_falls_as_often_as_it_was_met() -> None:
    assert _at(Schedule(name="plateau", factor=0.1), 12, falls=2) == pytest.approx(0.01)
