import numpy as np
import pytest
from sklearn.metrics.pairwise import chi2_kernel

from striate.classic.kernels import chi_squared, intersection, linear, mean_distance, rbf


@pytest.fixture(scope="module")
def histograms():
    rng = np.random.default_rng(0)
    counts = rng.poisson(0.7, (9, 30)).astype(float)
    return counts / counts.sum(1, keepdims=True)


def test_the_intersection_is_a_loop_over_bins(histograms):
    got = intersection(histograms[:5], histograms[3:])
    for i, a in enumerate(histograms[:5]):
        for j, b in enumerate(histograms[3:]):
            assert got[i, j] == pytest.approx(sum(min(x, y) for x, y in zip(a, b, strict=True)), abs=1e-6)
    np.testing.assert_allclose(np.diag(intersection(histograms)), 1)


def test_the_intersection_in_float32_is_as_close(histograms):
    np.testing.assert_allclose(intersection(histograms.astype(np.float32)), intersection(histograms), atol=1e-6)


def test_chi_squared_is_a_loop_over_bins_and_scikit_learns(histograms):
    got = chi_squared(histograms[:4], histograms[4:], gamma=0.7)
    for i, a in enumerate(histograms[:4]):
        for j, b in enumerate(histograms[4:]):
            distance = sum((x - y) ** 2 / (x + y) for x, y in zip(a, b, strict=True) if x + y > 0)
            assert got[i, j] == pytest.approx(np.exp(-0.7 * distance), abs=1e-6)
    np.testing.assert_allclose(got, chi2_kernel(histograms[:4], histograms[4:], gamma=0.7), atol=1e-6)


@pytest.mark.parametrize(("name", "kernel"), [("rbf", rbf), ("chi-squared", chi_squared)])
def test_the_mean_distance_is_what_the_exponents_are_on_average(name, kernel, histograms):
    exponents = -np.log(kernel(histograms, histograms, gamma=1.0))
    assert mean_distance(name, histograms) == pytest.approx(exponents.mean(), rel=1e-6)


def test_the_linear_kernel_is_the_products(histograms):
    np.testing.assert_allclose(linear(histograms), histograms @ histograms.T)


def test_negative_numbers_are_no_histogram(histograms):
    with pytest.raises(ValueError, match="passed to the intersection kernel"):
        intersection(histograms, -histograms)
