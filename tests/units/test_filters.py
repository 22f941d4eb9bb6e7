"""Filters: weights as they are, on one scale, as pictures only where they have colors."""

import pytest
import torch
from torch import nn

from striate import zoo
from striate.core.errors import DoesNotApply
from striate.units.filters import filters


def test_first_filters_are_pictures_on_one_scale_with_zero_as_gray() -> None:
    network = zoo.create("resnet20", num_classes=10, in_channels=3, image_size=32)
    weight = network.get_parameter("stem.conv.weight").detach()
    found = filters(network, (3, 32, 32), "stem.conv")
    assert found.reads == "picture"
    assert torch.equal(found.kernels, weight)
    assert found.limit == weight.abs().max()
    pictures = found.pictures()
    assert pictures.shape == (16, 3, 3, 3)
    assert {float(pictures.min()), float(pictures.max())} & {0.0, 1.0}
    torch.testing.assert_close((pictures - 0.5) * 2 * found.limit, weight)
    assert torch.equal(found.gray(torch.zeros(1)), torch.tensor([0.5]))
    assert torch.equal(found.ranges[3], torch.stack([weight[3].min(), weight[3].max()]))


def test_deeper_kernels_are_a_matrix_of_maps_and_no_pictures() -> None:
    network = zoo.create("resnet20", num_classes=10, in_channels=3, image_size=32)
    found = filters(network, (3, 32, 32), "stages.1.0.body.conv1")
    weight = network.get_parameter("stages.1.0.body.conv1.weight").detach()
    assert found.matrix().shape == (32 * 3, 16 * 3)
    assert torch.equal(found.matrix()[3:6, 6:9], weight[1, 2])
    assert torch.equal(found.row(5), weight[5])
    torch.testing.assert_close(found.norms, weight.norm(dim=(2, 3)))
    with pytest.raises(DoesNotApply, match=r"16 maps, and weights for those have no color"):
        found.pictures()
    with pytest.raises(DoesNotApply, match="units 0 to 31"):
        found.row(32)


def test_a_table_of_connections_and_groups_leave_out_kernels() -> None:
    lenet = zoo.create("lenet5", num_classes=10, in_channels=1, image_size=32)
    c3 = filters(lenet, (1, 32, 32), "stages.1.c3")
    assert c3.kernels.shape == (16, 6, 5, 5)
    assert (c3.norms > 0).sum() == 60  # links of Table I
    grouped = nn.Sequential(nn.Conv2d(4, 6, 3, groups=2), nn.Flatten())
    found = filters(grouped, (4, 3, 3), "0")
    assert found.kernels.shape == (6, 4, 3, 3)
    assert found.linked.tolist() == [[True, True, False, False]] * 3 + [[False, False, True, True]] * 3
    assert torch.equal(found.kernels[4, 2:], grouped.get_parameter("0.weight").detach()[4])
    assert not found.kernels[4, :2].any()


def test_a_linear_layer_behind_maps_has_a_weight_for_each_place() -> None:
    network = nn.Sequential(nn.Flatten(), nn.Linear(2 * 4 * 3, 5), nn.ReLU(), nn.Linear(5, 2))
    first = filters(network, (2, 4, 3), "1")
    assert first.kernels.shape == (5, 2, 4, 3)
    assert torch.equal(first.kernels.flatten(1), network.get_parameter("1.weight").detach())
    second = filters(network, (2, 4, 3), "3")
    assert second.kernels.shape == (2, 5, 1, 1)
    assert second.reads == "units"
    gray = nn.Sequential(nn.Flatten(), nn.Linear(16, 5))
    assert filters(gray, (1, 4, 4), "1").pictures().shape == (5, 1, 4, 4)


def test_a_layer_without_weights_is_refused_and_those_in_it_are_named() -> None:
    network = nn.Sequential(nn.Sequential(nn.Conv2d(1, 2, 3), nn.ReLU()), nn.Flatten())
    with pytest.raises(DoesNotApply, match=r"0\.1 has no weights of its own to look at: choose a convolution"):
        filters(network, (1, 4, 4), "0.1")
    with pytest.raises(DoesNotApply, match=r"those in it are 0\.0"):
        filters(network, (1, 4, 4), "0")
