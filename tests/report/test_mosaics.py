import numpy as np
import pytest

from striate.report.mosaics import MOST_FILTERS, NEGATIVE, POSITIVE, ZERO, diverging, filters, gallery_figure, mosaic


def test_all_filters_share_one_scale_so_that_a_weak_one_looks_weak():
    weights = np.zeros((2, 3, 2, 2))
    weights[0, 0, 0, 0], weights[1, 1, 1, 1] = -2.0, 0.02
    found = filters(weights)
    assert (found.limit, found.color, found.tile) == (2.0, True, (2, 2))
    strong, weak = found.picture[:2, :2, :3], found.picture[:2, 3:5, :3]
    assert strong[0, 0].tolist() == [0, 128, 128]  # zero is mid-gray
    assert np.abs(weak.astype(int) - 128).max() <= 2


def test_filters_of_one_channel_diverge_from_white():
    found = filters(np.array([[[[1.0, 0.0, -1.0]]]]))
    assert found.picture[0, :, :3].tolist() == [list(POSITIVE), list(ZERO), list(NEGATIVE)]
    assert not found.color


def test_other_channels_are_tiles_of_their_own_a_filter_to_a_row():
    found = filters(np.ones((4, 6, 3, 3)))
    assert found.picture.shape == (4 * 4 - 1, 6 * 4 - 1, 4)


def test_many_filters_are_cut_and_the_scale_is_that_of_all_of_them_that_are_shown():
    weights = np.random.default_rng(0).normal(0, 1, (500, 1, 4, 4))
    found = filters(weights)
    assert (found.shown, found.total) == (MOST_FILTERS, 500)
    assert found.limit == pytest.approx(np.abs(weights[:MOST_FILTERS]).max())


def test_filters_that_are_all_zero_are_shown_as_zero():
    assert (filters(np.zeros((2, 1, 3, 3))).picture[0, 0, :3] == ZERO).all()


def test_the_gaps_of_a_mosaic_are_transparent():
    laid = mosaic(np.full((3, 2, 2, 1), 9, np.uint8), across=2)
    assert laid.shape == (5, 5, 4)
    assert laid[0, :, 3].tolist() == [255, 255, 0, 255, 255]
    assert (laid[3:, 3:, 3] == 0).all()  # no fourth picture


def test_colors_between_the_ends_are_mixed():
    half = diverging(np.array([0.5]))[0]
    np.testing.assert_allclose(half, (np.array(ZERO) + np.array(POSITIVE)) / 2, atol=1)


def test_a_gallery_shows_every_picture_with_its_caption():
    figure = gallery_figure(np.zeros((11, 4, 6, 3), np.uint8), [f"caption {i}" for i in range(11)], "title")
    (axes,) = figure.axes
    assert len(axes.images) == 11
    assert [text.get_text() for text in axes.texts] == [f"caption {i}" for i in range(11)]
