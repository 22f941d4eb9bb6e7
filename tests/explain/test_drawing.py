import numpy as np
import pytest
import torch

from striate.explain.colors import Scale
from striate.explain.drawing import draw, explained, figure, legend, number
from striate.explain.picture import Explained, Panel
from striate.inside.layers import map_layer
from striate.inside.maps import Maps

SCALE = Scale(4.0, 4.0, signed=False)


def panel_of(recognizer, values, **options):
    place = map_layer(recognizer.network, (3, 24, 24))
    maps = Maps(values[None], signed=False, method="gradcam", picture=(24, 24), geometry=place.placed, **options)
    return Panel("gradcam", maps, place.name, place.shape)


def test_a_cell_is_drawn_where_its_unit_looks(recognizer):
    values = torch.zeros(6, 6)
    values[2, 4] = 4.0
    panel = panel_of(recognizer, values)
    drawn = draw(panel, np.full((24, 24, 3), 255, np.uint8), SCALE)
    dark = np.argwhere(drawn.overlay.sum(axis=2) == drawn.overlay.sum(axis=2).min()).mean(axis=0)
    top, left, bottom, right = panel.maps.geometry.box(2, 4)
    assert dark == pytest.approx([(top + bottom - 1) / 2, (left + right - 1) / 2], abs=0.5)
    assert np.argwhere(drawn.cells.sum(axis=2) < 300).tolist() == [[2, 4]]
    np.testing.assert_array_equal(drawn.values, values.numpy())


def test_a_map_without_values_leaves_the_picture_gray(recognizer):
    drawn = draw(
        panel_of(recognizer, torch.zeros(6, 6)), np.full((24, 24, 1), 100, np.uint8), Scale(0, 0, signed=False)
    )
    assert len(np.unique(drawn.overlay)) == 1


def test_the_figure_holds_answer_method_legend_and_note(recognizer):
    values = torch.zeros(6, 6)
    values[0, 0] = 4.0
    panel = panel_of(recognizer, values, notes=("no positive evidence: look elsewhere",))
    shown = Explained("one.png", np.zeros((24, 24, 3), np.uint8), {"star": 0.75, "ring": 0.25}, "star", (panel,))
    made = figure(shown, panel, draw(panel, shown.pixels, SCALE), meaning="red for it")
    words = [text.get_text() for axes in made.axes for text in (axes.title, axes._left_title, *axes.texts)]
    assert "star, 75.0\u202f%" in words
    assert "gradcam" in words
    assert "no positive evidence: look elsewhere" in words
    ramp = made.axes[3]
    assert [label.get_text() for label in ramp.get_xticklabels()] == ["0", "2", "4"]


def test_the_legend_says_numbers_sharing_and_what_is_cut():
    assert legend(Scale(0.5, 0.5, signed=True)) == ("\u22120.5", "0.5")
    assert legend(SCALE) == ("0", "4")
    said = explained(Scale(0.5, 12.0, signed=True), of=3)
    assert said == (
        "blue against the class, white nothing, red for it; the largest, 12, is drawn as 0.5; one scale for 3 pictures"
    )
    assert explained(Scale(0, 0, signed=False)) == "0 everywhere"
    assert number(-1234567.0) == "\u22121.23e+06"
