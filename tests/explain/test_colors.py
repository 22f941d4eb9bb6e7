import numpy as np
import pytest

from striate.explain.colors import AGAINST, FOR, Scale, colored, gradient, overlaid, scale_of, shared


def test_zero_is_white_and_the_limits_are_darkest():
    scale = Scale(2.0, 2.0, signed=True)
    pixels = colored(np.array([-2.0, 0.0, 2.0, 5.0]), scale)
    assert pixels.tolist() == [list(AGAINST[-1]), list(FOR[0]), list(FOR[-1]), list(FOR[-1])]


def test_a_value_has_one_color_on_one_scale_however_strong_its_neighbors_are():
    weak, strong = np.array([[0.0, 1.0]]), np.array([[1.0, 8.0]])
    both = shared([scale_of(values, signed=False, pixels=False) for values in (weak, strong)])
    assert both.limit == 8
    assert colored(weak, both)[0, 1].tolist() == colored(strong, both)[0, 0].tolist()
    assert colored(weak, both)[0, 1].min() > 200  # and it looks as weak as it is


def test_more_value_is_never_lighter():
    light = colored(np.linspace(0, 1, 256), Scale(1.0, 1.0, signed=False)) @ np.array([0.299, 0.587, 0.114])
    assert (np.diff(light) <= 0.5).all()
    assert light[0] - light[-1] > 150


def test_the_scale_of_a_layer_reaches_its_largest_value_and_that_of_pixels_says_where_it_ends():
    values = np.concatenate([np.linspace(0, 1, 999), [50.0]]).reshape(20, 50)
    assert scale_of(values, signed=False, pixels=False) == Scale(50.0, 50.0, signed=False)
    found = scale_of(-values, signed=True, pixels=True)
    assert found.limit == pytest.approx(1, abs=0.01)
    assert found.largest == 50
    assert found.cut
    assert found.low == -found.limit


def test_a_sparse_pixel_map_still_has_a_scale_and_an_empty_one_stays_white():
    sparse = np.zeros((40, 40))
    sparse[3, 3] = 7.0
    assert scale_of(sparse, signed=True, pixels=True).limit == 7
    empty = scale_of(np.zeros((4, 4)), signed=False, pixels=False)
    assert empty.limit == 0
    assert (colored(np.zeros((4, 4)), empty) == FOR[0]).all()


@pytest.mark.parametrize("channels", [1, 3])
def test_where_a_map_is_zero_the_picture_is_gray_and_lighter_where_it_was(channels):
    picture = np.zeros((2, 2, channels), np.uint8)
    picture[0] = 255
    laid = overlaid(picture, np.array([[0.0, 1.0], [0.0, -1.0]]), Scale(1.0, 1.0, signed=True))
    assert len(set(laid[0, 0].tolist())) == 1
    assert laid[0, 0, 0] > laid[1, 0, 0] > 0
    assert laid[0, 1, 0] > laid[0, 1, 2]  # for: red
    assert laid[1, 1, 2] > laid[1, 1, 0]  # against: blue


def test_the_legend_runs_from_low_to_high():
    assert gradient(signed=False).startswith("linear-gradient(to right, #f7f7f7, ")
    assert gradient(signed=True).startswith("linear-gradient(to right, #053061, ")
    assert gradient(signed=True).count("#") == 11
