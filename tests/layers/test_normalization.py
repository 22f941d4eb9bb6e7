import torch

from striate.layers.normalization import LocalResponseNorm


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
