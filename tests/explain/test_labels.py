"""Maps of classes: a color and a name for each of the most frequent, gray for the rest."""

import numpy as np

from striate.explain.labels import COLORS, OTHERS, labeled


def test_the_most_frequent_come_first_and_have_their_color():
    legend, pixels = labeled(np.array([[2, 0, 2], [1, 2, 0]]), ["cat", "dog", "owl"])
    assert [entry["name"] for entry in legend] == ["owl", "cat", "dog"]
    assert tuple(pixels[0, 0]) == COLORS[0] == tuple(bytes.fromhex(legend[0]["color"][1:]))
    assert tuple(pixels[1, 0]) == COLORS[2]


def test_more_classes_than_colors_are_counted_together_in_gray():
    count = len(COLORS) + 3
    legend, pixels = labeled(np.arange(count)[None], [str(number) for number in range(count)])
    assert legend[-1]["name"] == "3 others"
    assert len(legend) == len(COLORS) + 1
    assert (pixels[0, len(COLORS) :] == OTHERS).all()
    assert len({tuple(color) for color in pixels[0, : len(COLORS)]}) == len(COLORS)
