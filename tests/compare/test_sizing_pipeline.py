import pytest

from striate.compare.sizing_pipeline import Fit, carried_on, growing


def fits(seconds, count, *, enough=2.0, least=32):
    """Grow with a function from pictures to the seconds of features and classifier."""
    return growing(lambda number: Fit(number, *seconds(number)), count, least, enough=enough)


@pytest.mark.parametrize("power", [1.0, 2.0, 2.7])
def test_the_classifiers_growth_is_carried_on_to_all_pictures(power):
    found = fits(lambda n: (0.0, 1e-4 * n**power), 50_000, enough=0.2)
    assert carried_on(found, 50_000, 0.0) == pytest.approx(1e-4 * 50_000**power, rel=1e-6)
    assert found[-1].pictures < 5_000


def test_a_part_that_does_not_grow_is_not_multiplied():
    found = fits(lambda n: (3.0 + 1e-3 * n, 0.0), 10_000)
    assert carried_on(found, 10_000, 0.0) == pytest.approx(13.0)
    assert [fit.pictures for fit in found] == [32, 64]


def test_features_take_no_less_than_answers_do():
    found = fits(lambda n: (3.0 + 1e-2 * (n == 32), 0.0), 10_000)  # noise hides how it grows
    assert carried_on(found, 10_000, 2e-3) == pytest.approx(3.0 + 2e-3 * (10_000 - 64))


def test_a_slow_fit_is_timed_once_where_all_pictures_are_not_many_times_as_many():
    found = fits(lambda n: (5.0 + 1e-2 * n, 1e-6 * n**2), 300)
    assert [fit.pictures for fit in found] == [32]
    assert carried_on(found, 300, 5e-3) == pytest.approx(5.0 + 1e-2 * 300 + 1e-6 * 300**2)


def test_few_pictures_are_fitted_as_a_whole():
    found = fits(lambda n: (0.3, 0.2), 30)
    assert [fit.pictures for fit in found] == [30]
    assert carried_on(found, 30, 1.0) == 0.5


def test_a_quick_fit_is_timed_on_all_pictures():
    found = fits(lambda n: (1e-6 * n, 0.0), 3_000)
    assert found[-1].pictures == 3_000
    assert carried_on(found, 3_000, 1.0) == pytest.approx(3e-3)
