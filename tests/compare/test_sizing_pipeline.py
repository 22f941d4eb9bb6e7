import pytest

from striate.compare.sizing_pipeline import extrapolated


@pytest.mark.parametrize("power", [1.0, 2.0])
def test_growing_times_are_carried_on_to_all_pictures(power):
    asked = []

    def timed(count):
        asked.append(count)
        return 1e-6 * count**power

    assert extrapolated(timed, 50_000, 128, enough=1e-3) == pytest.approx(1e-6 * 50_000**power, rel=1e-6)
    assert max(asked) < 5_000


def test_a_part_that_does_not_grow_is_not_multiplied():
    assert extrapolated(lambda count: 3.0 + 1e-4 * count, 10_000, 128, enough=0.1) == pytest.approx(4.0)


def test_few_pictures_are_fitted_as_a_whole():
    asked = []
    assert extrapolated(lambda count: asked.append(count) or 0.5, 200, 128, enough=2) == 0.5
    assert asked == [200]


def test_a_quick_fit_is_timed_on_all_pictures():
    assert extrapolated(lambda count: 1e-6 * count, 3_000, 128, enough=2) == pytest.approx(3e-3)
