"""What a row of units sees: windows, periods, unions, and what cannot be stated."""

from fractions import Fraction

import pytest

from striate.inside.axes import Axis, Irregular, Taps, adaptive, at, hull, lost, mixed, spread, through, union, windows


def test_windows_add_up_as_the_closed_form_has_it() -> None:
    axis, size, stride = Axis(), 1, 1
    for kernel, step, dilation in ((7, 2, 1), (3, 2, 1), (3, 1, 2), (5, 3, 1)):
        axis = through(axis, windows(kernel, step, 0, dilation))
        size, stride = size + stride * dilation * (kernel - 1), stride * step
    assert (axis.size, axis.stride) == (size, stride)
    assert axis.offset == Fraction(size - 1, 2)


def test_a_transposed_convolution_s_units_see_differently_in_turn() -> None:
    axis = through(Axis(), spread(3, 2, 1, 1))
    assert [axis.interval(unit) for unit in range(4)] == [(0, 1), (0, 2), (1, 2), (1, 3)]
    assert (axis.size, axis.stride, axis.offset) == (2, Fraction(1, 2), 0)


def test_a_kernel_smaller_than_its_stride_leaves_units_that_see_nothing() -> None:
    axis = through(Axis(), spread(1, 2, 0, 1))
    assert [axis.interval(unit) for unit in range(3)] == [(0, 1), None, (1, 2)]
    joined = through(axis, windows(3, 1, 1, 1))
    assert [joined.interval(unit) for unit in range(3)] == [(0, 1), (0, 2), (1, 2)]


def test_enlarging_and_reducing_again_ends_with_one_size() -> None:
    axis = through(through(Axis(), spread(2, 2, 0, 1)), windows(2, 2, 0, 1))
    assert axis == Axis()


def test_adaptive_windows_overlap_where_the_sizes_do_not_divide() -> None:
    axis = through(Axis(), adaptive(5, 3))
    assert [axis.interval(unit) for unit in range(3)] == [(0, 2), (1, 4), (3, 5)]
    assert axis.stride == Fraction(5, 3)


def test_branches_are_united_and_different_strides_are_refused() -> None:
    narrow, wide = through(Axis(), windows(1, 2, 0, 1)), through(Axis(), windows(5, 2, 2, 1))
    assert union(narrow, wide) == wide
    with pytest.raises(Irregular, match="strides of 2 and 1"):
        union(wide, Axis())


def test_units_without_a_place_see_all_that_went_into_them() -> None:
    axis = through(Axis(), windows(3, 2, 0, 1))
    assert lost(axis, 4) == Axis((), 0, (0, 9))
    assert lost(axis, 4).stride is None
    assert at(axis, 2).interval(0) == (4, 7)
    assert union(lost(axis, 4), axis).interval(1) == (0, 9)
    assert mixed(axis, 4).own(1) == (2, 5)


def test_what_repeats_too_late_is_refused() -> None:
    with pytest.raises(Irregular, match="repeat only after"):
        through(through(Axis(), adaptive(509, 503)), Taps(((0,), (0,), (1,)), 7))


def test_nothing_has_no_hull() -> None:
    assert hull([None, None]) is None
