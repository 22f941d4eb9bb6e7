import pytest
import torch

from striate.layers.normalization import LocalResponseNorm, LocalResponseNormWithin


def test_it_is_the_formula_of_the_paper_summed_by_hand() -> None:
    torch.manual_seed(0)
    maps = torch.randn(2, 9, 3, 4, dtype=torch.float64) * 30
    expected = torch.empty_like(maps)
    for i in range(9):
        near = maps[:, max(0, i - 2) : min(8, i + 2) + 1]
        expected[:, i] = maps[:, i] / (2 + 1e-4 * near.square().sum(1)) ** 0.75
    assert torch.allclose(LocalResponseNorm()(maps), expected, rtol=1e-12)


def test_half_precision_is_raised_for_it() -> None:
    maps = torch.randn(1, 6, 2, 2)
    assert LocalResponseNorm()(maps.bfloat16()).dtype == torch.float32
    assert torch.allclose(LocalResponseNorm()(maps.bfloat16()), LocalResponseNorm()(maps), rtol=0.02)


def test_its_constants_are_printed() -> None:
    assert str(LocalResponseNorm()) == "LocalResponseNorm(5, k=2, alpha=0.0001, beta=0.75)"


def test_within_a_map_it_is_the_same_formula_over_a_window_of_places() -> None:
    torch.manual_seed(0)
    maps = torch.randn(2, 3, 6, 7, dtype=torch.float64) * 30
    expected = torch.empty_like(maps)
    for i in range(6):
        for j in range(7):
            near = maps[:, :, max(0, i - 1) : i + 2, max(0, j - 1) : j + 2].square().sum((2, 3))
            expected[:, :, i, j] = maps[:, :, i, j] / (2 + 1e-4 * near) ** 0.75
    assert torch.allclose(LocalResponseNormWithin(3)(maps), expected, rtol=1e-12)
    assert LocalResponseNormWithin(3)(maps.bfloat16()).dtype == torch.float32


@pytest.mark.parametrize("kind", [LocalResponseNorm, LocalResponseNormWithin])
def test_a_window_without_a_middle_is_refused(kind: type) -> None:
    with pytest.raises(ValueError, match="a window of 2 has no middle"):
        kind(2)
