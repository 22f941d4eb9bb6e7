from itertools import product

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor
from torch.nn import functional as F

from striate.layers.convolution import by_columns, composed, output_size, toeplitz


def made(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(*shape, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))


@given(
    kernel=st.tuples(st.integers(1, 4), st.integers(1, 4)),
    stride=st.integers(1, 3),
    padding=st.integers(0, 3),
    dilation=st.integers(1, 3),
    groups=st.integers(1, 3),
    room=st.tuples(st.integers(0, 3), st.integers(0, 3)),
    seed=st.integers(0, 1000),
)
@settings(max_examples=60, deadline=None)
def test_columns_and_matrix_are_the_convolution(kernel, stride, padding, dilation, groups, room, seed) -> None:
    size = [max(1, dilation * (extent - 1) + 1 - 2 * padding) + more for extent, more in zip(kernel, room, strict=True)]
    images = made(2, 2 * groups, *size, seed=seed)
    weight = made(3 * groups, 2, *kernel, seed=seed + 1)
    how = {"stride": stride, "padding": padding, "dilation": dilation}
    expected = F.conv2d(images, weight, groups=groups, **how)
    assert expected.shape[2:] == tuple(output_size(n, p, **how) for n, p in zip(size, kernel, strict=True))
    assert torch.allclose(by_columns(images, weight, groups=groups, **how), expected, rtol=0, atol=1e-6)
    matrix = toeplitz(weight, size, groups=groups, **how)
    assert torch.allclose((images.flatten(1) @ matrix.T).view_as(expected), expected, rtol=0, atol=1e-6)


def test_the_matrix_is_the_definition_summed_by_hand() -> None:
    image, weight = made(1, 2, 5, 6), made(3, 2, 2, 3, seed=1)
    maps = toeplitz(weight, (5, 6)) @ image.flatten()
    for o, i, j in product(range(3), range(4), range(4)):
        total = sum(weight[o, c, a, b] * image[0, c, i + a, j + b] for c, a, b in product(range(2), range(2), range(3)))
        assert maps.view(3, 4, 4)[o, i, j].item() == pytest.approx(total.item(), abs=1e-12)


@pytest.mark.parametrize(("stride", "padding", "dilation"), [(1, 0, 1), (1, 2, 1), (2, 1, 1), (1, 2, 2), (3, 4, 3)])
def test_along_one_dimension_it_is_torch_s_conv1d(stride: int, padding: int, dilation: int) -> None:
    signal, weight = made(2, 4, 11), made(6, 2, 3, seed=1)
    how = {"stride": stride, "padding": padding, "dilation": dilation, "groups": 2}
    expected = F.conv1d(signal, weight, **how)
    matrix = toeplitz(weight, (11,), **how)
    assert torch.allclose((signal.flatten(1) @ matrix.T).view_as(expected), expected, rtol=0, atol=1e-12)


def test_along_one_dimension_every_diagonal_of_the_matrix_is_constant() -> None:
    matrix = toeplitz(torch.tensor([[[1.0, 2.0, 3.0]]]), (6,), padding=1)
    assert matrix.tolist() == [
        [2, 3, 0, 0, 0, 0],
        [1, 2, 3, 0, 0, 0],
        [0, 1, 2, 3, 0, 0],
        [0, 0, 1, 2, 3, 0],
        [0, 0, 0, 1, 2, 3],
        [0, 0, 0, 0, 1, 2],
    ]


def test_a_dilated_kernel_is_a_larger_one_with_zeros_between() -> None:
    images, weight = made(1, 2, 9, 9), made(3, 2, 3, 3, seed=1)
    spread = torch.zeros(3, 2, 5, 5, dtype=torch.float64)
    spread[..., ::2, ::2] = weight
    assert torch.allclose(F.conv2d(images, weight, dilation=2), F.conv2d(images, spread), atol=1e-12)


@pytest.mark.parametrize(("first", "second"), [((3, 3), (3, 3)), ((3, 1), (1, 3)), ((1, 1), (5, 5)), ((2, 4), (3, 2))])
def test_two_layers_in_turn_are_one_with_the_composed_kernel(first: tuple[int, int], second: tuple[int, int]) -> None:
    images, one, two = made(2, 3, 10, 11), made(4, 3, *first, seed=1), made(5, 4, *second, seed=2)
    both = composed(one, two)
    assert both.shape == (5, 3, first[0] + second[0] - 1, first[1] + second[1] - 1)
    assert torch.allclose(F.conv2d(F.conv2d(images, one), two), F.conv2d(images, both), rtol=0, atol=1e-10)


def test_a_kernel_that_does_not_fit_is_refused_with_its_reach() -> None:
    with pytest.raises(ValueError, match="spans 9 does not fit into 6 with a padding of 1"):
        output_size(6, 5, padding=1, dilation=2)
