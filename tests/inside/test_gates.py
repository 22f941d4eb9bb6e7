"""ReLUs by another name are told from maxima and masks that rectify nothing."""

import pytest
import torch
from torch import Tensor

from striate.inside.gates import Gates, bounded_by_zero

ZERO = torch.tensor(0.0)


@pytest.mark.parametrize(
    ("name", "args", "options"),
    [
        ("clamp", (0,), {}),
        ("clamp", (), {"min": 0.0}),
        ("clamp", (), {"min": ZERO}),
        ("clip", (None, 0), {}),
        ("clamp_min", (torch.zeros(3),), {}),
        ("clamp_max", (0,), {}),
        ("maximum", (ZERO,), {}),
        ("max", (torch.zeros(3),), {}),
        ("fmax", (), {"other": ZERO}),
        ("minimum", (ZERO,), {}),
    ],
)
def test_a_bound_at_zero_is_told_however_it_is_given(name: str, args: tuple[object, ...], options) -> None:
    assert bounded_by_zero(name, (torch.randn(3), *args), options)


@pytest.mark.parametrize(
    ("name", "args", "options"),
    [
        ("clamp", (-1, 1), {}),
        ("clamp", (), {"min": torch.tensor(0.1)}),
        ("clamp", (), {"max": 6}),
        ("max", (0,), {}),  # the largest along the first axis
        ("max", (), {"dim": 0}),
        ("max", (torch.zeros(0),), {}),
        ("maximum", (torch.zeros(3, requires_grad=True),), {}),  # 0 for these pictures only
        ("maximum", (torch.tensor([0.0, 0, 1]),), {}),
        ("add", (ZERO,), {}),
    ],
)
def test_other_bounds_and_maxima_are_none(name: str, args: tuple[object, ...], options) -> None:
    assert not bounded_by_zero(name, (torch.randn(3), *args), options)


def test_the_largest_value_of_zeros_is_no_bound() -> None:
    assert not bounded_by_zero("max", (torch.zeros(3),), {})


def gates_of(mask: Tensor, *of: object) -> Gates:
    gates = Gates()
    gates.note("gt", of, mask)
    return gates


def test_a_tensor_through_a_mask_of_its_own_is_told() -> None:
    x = torch.randn(3)
    mask = x > 0
    gates = gates_of(mask, x, 0)
    floats = mask.float()
    gates.note("float", (mask,), floats)
    gates.note("logical_not", (x,), ~mask)
    assert gates.through("where", (mask, x, 0), {})
    assert gates.through("where", (mask, ZERO), {"other": x})
    assert gates.through("mul", (floats, x), {})
    assert not gates.through("add", (mask, x), {})
    assert not gates.through("mul", (mask, torch.randn(3)), {})
    assert not gates.through("mul", (x, torch.randn(3)), {})


def test_masks_of_whole_numbers_and_of_nothing_are_none() -> None:
    positions = torch.arange(3)
    mask = positions > 1
    assert not gates_of(mask, positions, 1).through("where", (mask, positions, 0), {})
    assert not gates_of(mask, 1, 2).through("where", (mask, torch.randn(3), 0), {})


def test_what_was_compared_is_not_kept_alive() -> None:
    x = torch.randn(3)
    mask = x > 0
    gates = gates_of(mask, x, 0)
    del x
    assert not gates.through("where", (mask, torch.randn(3), 0), {})
