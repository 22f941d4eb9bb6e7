import pytest
import torch
from torch import Tensor

from striate.layers.contrast import DivisiveNorm, SubtractiveNorm, local_contrast_norm


def made() -> Tensor:
    return torch.randn(2, 3, 6, 5, dtype=torch.float64, generator=torch.Generator().manual_seed(0)) + 2


def averages(x: Tensor, size: int) -> Tensor:
    """The Gaussian mean over maps and window around each place, from the definition."""
    result = torch.empty(len(x), 1, *x.shape[2:], dtype=x.dtype)
    half = size // 2
    for i in range(x.shape[2]):
        for j in range(x.shape[3]):
            total, weights = torch.zeros(len(x), dtype=x.dtype), 0.0
            for p in range(max(0, i - half), min(x.shape[2], i + half + 1)):
                for q in range(max(0, j - half), min(x.shape[3], j + half + 1)):
                    weight = float(torch.exp(torch.tensor(-8 * ((p - i) ** 2 + (q - j) ** 2) / size**2).double()))
                    total, weights = total + weight * x[:, :, p, q].sum(1), weights + weight * x.shape[1]
            result[:, 0, i, j] = total / weights
    return result


@pytest.mark.parametrize("size", [3, 5, 9])
def test_both_steps_are_the_formulas_of_the_paper_summed_by_hand(size: int) -> None:
    x = made()
    centered = x - averages(x, size)
    deviation = averages(centered.square(), size).sqrt()
    divided = centered / torch.maximum(deviation.mean(dim=(2, 3), keepdim=True), deviation)
    assert torch.allclose(SubtractiveNorm(size)(x), centered, atol=1e-12)
    assert torch.allclose(DivisiveNorm(size)(centered), divided, atol=1e-12)
    assert torch.allclose(local_contrast_norm(size)(x), divided, atol=1e-12)


def test_a_brighter_picture_of_more_contrast_is_the_same_picture() -> None:
    x, norm = made(), local_contrast_norm(5)
    assert torch.allclose(norm(7 * x + 3), norm(x), atol=1e-10)


def test_a_flat_picture_gives_zeros_and_finite_gradients() -> None:
    x = torch.full((1, 2, 8, 8), 0.5, requires_grad=True)
    answer = local_contrast_norm(5)(x)
    assert answer.abs().max() < 1e-2  # rounding is not raised to contrast 1
    zeros = torch.zeros(1, 2, 8, 8, requires_grad=True)
    DivisiveNorm(5)(zeros).sum().backward()
    assert zeros.grad.isfinite().all()


def test_a_window_without_a_middle_is_refused() -> None:
    with pytest.raises(ValueError, match="a window of 4 has no middle"):
        SubtractiveNorm(4)
    assert str(SubtractiveNorm()) == "SubtractiveNorm(9)"
