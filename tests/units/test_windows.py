"""What a unit sees, cut out: on its place, with what lies outside of the picture told apart."""

import numpy as np
import pytest
import torch
from torch import nn

from striate.inside.layers import layer_of
from striate.units.windows import patches, projected, window

SIDE = 12


@pytest.fixture
def network() -> nn.Module:
    return nn.Sequential(nn.Conv2d(1, 2, 3, 2, padding=1), nn.Flatten(), nn.Linear(72, 2))


def test_a_patch_is_what_the_unit_sees(network):
    found = window(layer_of(network, (1, SIDE, SIDE), "0"), (SIDE, SIDE))
    pictures = np.arange(SIDE * SIDE, dtype=np.uint8).reshape(1, 1, SIDE, SIDE)
    assert found.size == (3, 3)
    assert patches(found, pictures, [(2, 3)])[0, ..., 0].tolist() == pictures[0, 0, 3:6, 5:8].tolist()
    assert found.field(2, 3) == (3, 5, 6, 8)


def test_what_sticks_out_of_the_picture_is_light_gray(network):
    found = window(layer_of(network, (1, SIDE, SIDE), "0"), (SIDE, SIDE))
    patch = patches(found, np.zeros((1, 1, SIDE, SIDE), np.uint8), [(0, 1)])[0, ..., 0]
    assert patch.tolist() == [[232] * 3, [0] * 3, [0] * 3]
    assert found.field(0, 1) == (-1, 1, 2, 4)


def test_where_the_field_is_larger_than_the_picture_the_whole_picture_is_shown(network):
    found = window(layer_of(network, (1, SIDE, SIDE), "2"), (SIDE, SIDE))
    pictures = np.random.default_rng(0).integers(0, 255, (2, 1, SIDE, SIDE)).astype(np.uint8)
    assert np.array_equal(patches(found, pictures, [(0, 0), (0, 0)]), pictures.transpose(0, 2, 3, 1))
    assert found.field(0, 0) == (0, 0, SIDE, SIDE)


def test_the_crop_alone_gives_the_units_value(network):
    images = torch.rand(1, 1, SIDE, SIDE)
    found = window(layer_of(network, (1, SIDE, SIDE), "0"), (SIDE, SIDE))
    y, x = 3, 2
    crop = torch.from_numpy(found.cut(images.numpy(), [(y, x)], 0.0).copy())
    alone = torch.nn.functional.conv2d(crop, network[0].weight, network[0].bias)
    assert torch.allclose(alone[0, :, 0, 0], network[0](images)[0, :, y, x], atol=1e-6)


def test_a_projection_has_zero_in_mid_gray_and_a_scale_of_its_own(network):
    found = window(layer_of(network, (1, SIDE, SIDE), "0"), (SIDE, SIDE))
    values = np.zeros((2, 1, SIDE, SIDE), np.float32)
    values[0, 0, 5, 5], values[0, 0, 5, 6] = 4.0, -2.0
    tiles = projected(found, values, [(3, 3), (3, 3)])
    assert tiles[0].max() == 255
    assert tiles[0].min() == 64
    assert (tiles[1] == 128).all()
