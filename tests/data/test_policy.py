"""TrivialAugment: one operation a picture, evenly drawn, of the paper's wide strengths."""

import numpy as np
import pytest

from striate.data.augment import Augment, draw
from striate.data.policy import OPERATIONS, trivial

DRAWS = draw(Augment(policy="trivial"), 0, 1, np.arange(9000))
CHANGED = np.stack(
    [
        DRAWS.shears[:, 0] != 0,
        DRAWS.shears[:, 1] != 0,
        DRAWS.shifts[:, 0] != 0,
        DRAWS.shifts[:, 1] != 0,
        DRAWS.angles != 0,
        DRAWS.brightness != 1,
        DRAWS.saturation != 1,
        DRAWS.contrast != 1,
    ],
    1,
)


def test_a_picture_gets_one_operation_at_most_and_all_are_as_likely() -> None:
    assert CHANGED.sum(1).max() == 1
    assert CHANGED.mean(0) * 31 / 30 == pytest.approx([1 / len(OPERATIONS)] * 8, abs=0.015)  # strength 0 is nothing


def test_strengths_are_the_wide_ones() -> None:
    assert np.tan(np.radians(np.abs(DRAWS.shears))).max() == pytest.approx(0.99)
    assert np.abs(DRAWS.angles).max() == pytest.approx(135)
    assert set(np.abs(DRAWS.shifts).ravel().tolist()) <= set(range(33))
    assert np.abs(DRAWS.shifts).max() == 32
    for factors in (DRAWS.brightness, DRAWS.contrast, DRAWS.saturation):
        assert factors.min() == pytest.approx(0.01)
        assert factors.max() == pytest.approx(1.99)


def test_strength_0_changes_nothing() -> None:
    drawn = trivial(np.array([[0.5, 0.0, 0.7]]))
    assert all(
        (values == (1 if name in {"brightness", "saturation", "contrast"} else 0)).all()
        for name, values in drawn.items()
    )


def test_the_policy_comes_on_top_of_what_else_is_on() -> None:
    both = draw(Augment(policy="trivial", rotation=10, brightness=0.2), 0, 1, np.arange(9000))
    plain = draw(Augment(rotation=10, brightness=0.2), 0, 1, np.arange(9000))
    assert np.allclose(both.angles, plain.angles + DRAWS.angles)
    assert np.allclose(both.brightness, plain.brightness * DRAWS.brightness)
