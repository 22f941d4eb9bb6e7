import numpy as np
import pytest

from striate.core.errors import DataError
from striate.sources import shapes
from striate.sources.shapes import CLASSES, OUTLINES, draw

PLANE = np.linspace(-1.1, 1.1, 2201)


def area(name):
    inside = OUTLINES[name](PLANE[None, :], PLANE[:, None])
    return inside.mean() * 2.2**2


def test_a_picture_is_a_function_of_its_index_size_and_seed():
    few, many = shapes.read(count=12, size=24, seed=5), shapes.read(count=30, size=24, seed=5)
    assert (many.pixels[:12] == few.pixels).all()
    assert (many.labels[:12] == few.labels).all()
    assert (draw(7, size=24, seed=5).pixels == few.pixels[7]).all()
    assert (draw(7, size=24, seed=6).pixels != few.pixels[7]).any()
    assert draw(7, size=80, seed=5).label == few.labels[7]


def test_classes_are_equally_frequent_in_every_ten():
    labels = shapes.read(count=60, size=16).labels.reshape(6, 10)
    assert (np.sort(labels, axis=1) == np.arange(10)).all()
    assert len({tuple(row) for row in labels}) > 1


@pytest.mark.parametrize("size", [16, 33, 96])
def test_the_box_is_that_of_the_mask_and_all_of_the_shape_is_in_the_picture(size):
    for index in range(40):
        drawing = draw(index, size=size, seed=1)
        left, top, right, bottom = drawing.box
        assert drawing.mask[top:bottom, left:right].sum() == drawing.mask.sum() > 0
        assert all(edge.any() for edge in (drawing.mask[top], drawing.mask[bottom - 1]))
        assert all(edge.any() for edge in (drawing.mask[:, left], drawing.mask[:, right - 1]))
        assert 0 < drawing.mask.sum() / size**2 < 0.25


def test_the_mask_is_what_differs_from_the_ground(monkeypatch):
    black, white = np.zeros((64, 64, 3)), np.ones((64, 64, 3))
    monkeypatch.setattr(shapes, "two_textures", lambda random, size: (white, black))
    monkeypatch.setattr(shapes, "lit", lambda random, picture: np.rint(picture * 255).astype(np.uint8))
    for index in range(20):
        drawing = draw(index, size=64, seed=2)
        assert (drawing.pixels[drawing.mask] > 0).all()
        assert (drawing.pixels[~drawing.mask] < 255).all()
        assert (drawing.pixels == 255).any()
        # a pixel of the mask is half covered on average at the edge, so coverage and mask have one area
        assert drawing.pixels[..., 0].sum() / 255 == pytest.approx(drawing.mask.sum(), rel=0.03)


def test_areas_are_those_of_geometry():
    tip = 5 * 0.45 * np.sin(np.pi / 5)  # ten triangles between the center, a tip and a notch
    for name, expected in {
        "circle": np.pi,
        "ring": np.pi * (1 - 0.36),
        "square": 2,
        "triangle": 3 * np.sqrt(3) / 4,
        "star": tip,
        "cross": 4 * (2 * 0.26 * 0.95 - 0.26**2),
    }.items():
        assert area(name) == pytest.approx(expected, rel=0.01), name


@pytest.mark.parametrize("name", CLASSES)
def test_outlines_stay_within_the_unit_circle(name):
    inside = OUTLINES[name](PLANE[None, :], PLANE[:, None])
    radius = np.hypot(PLANE[None, :], PLANE[:, None])[inside].max()
    assert 0.93 < radius <= 1.001


def test_neither_color_nor_texture_nor_area_nor_place_tells_the_class():
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import cross_val_score
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    drawings = [draw(index, size=24, seed=0) for index in range(800)]
    features = [
        [
            *np.concatenate([region.mean(0), region.std(0)]),
            drawing.mask.sum(),
            *(np.argwhere(drawing.mask).mean(0)),
        ]
        for drawing in drawings
        for region in [drawing.pixels.reshape(-1, 3)]
    ]
    model = make_pipeline(StandardScaler(), LogisticRegression())
    found = cross_val_score(model, features, [drawing.label for drawing in drawings], cv=5).mean()
    assert found < 0.15  # chance is 0.10; its deviation over 800 pictures 0.011


def test_shape_and_ground_can_be_told_apart():
    for index in range(100):
        drawing = draw(index, size=48, seed=3)
        shape, ground = drawing.pixels[drawing.mask].mean(0), drawing.pixels[~drawing.mask].mean(0)
        assert np.linalg.norm(shape - ground) > 25


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"count": 0}, "count=0 is not allowed: give a whole number from 1 to"),
        ({"count": 10**9}, "count=1000000000 is not allowed"),
        ({"size": 15}, "size=15 is not allowed: give a whole number from 16 to 1024"),
        ({"size": 1025}, "size=1025"),
        ({"count": 10**5, "size": 1024}, "from 1 to 1365"),
    ],
)
def test_options_out_of_range_are_refused_with_the_range(options, message):
    with pytest.raises(DataError, match=message):
        shapes.read(**options)
