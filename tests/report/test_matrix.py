import numpy as np
import pytest

from striate.report.matrix import heat_map, shares, shorten


def test_shares_are_of_the_row_and_an_empty_class_has_none():
    np.testing.assert_allclose(shares(np.array([[8, 2], [0, 0]])), [[0.8, 0.2], [0, 0]])


def test_few_classes_have_their_counts_in_the_cells():
    figure = heat_map(np.array([[1200, 3], [0, 7]]), ["cat", "dog"])
    assert sorted(text.get_text() for text in figure.axes[0].texts) == ["1,200", "3", "7", "·"]


def test_right_and_wrong_have_their_own_colors_and_show_as_much_as_their_share():
    pixels = heat_map(np.array([[5, 5], [0, 10]]), ["a", "b"]).axes[0].images[0].get_array()
    right, wrong, empty = pixels[1, 1], pixels[0, 1], pixels[1, 0]
    assert right[2] > right[0]  # blue
    assert wrong[0] > wrong[2]  # red
    assert (right[3], empty[3]) == (1, 0)
    assert wrong[3] == pytest.approx(0.5**0.5)


@pytest.mark.parametrize(("count", "named"), [(31, 31), (100, 50), (1000, 50)])
def test_of_many_classes_as_many_are_named_as_can_be_read(count, named):
    figure = heat_map(np.eye(count, dtype=np.int64), [f"class {i}" for i in range(count)])
    labels = [label.get_text() for label in figure.axes[0].get_yticklabels()]
    assert len(labels) == named
    assert labels[1] == f"class {count // named}"
    assert figure.axes[0].texts == [] or len(figure.axes[0].texts) == 0


def test_long_names_are_cut_with_an_ellipsis():
    assert shorten("short") == "short"
    assert shorten("a" * 30) == "a" * 17 + "…"
