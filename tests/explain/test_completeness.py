"""On a network that is linear from the layer on parts add up exactly; otherwise the gap says how far they do not."""

from dataclasses import dataclass

import pytest
import torch
from torch import nn

from striate.explain.completeness import gap
from striate.inside.layers import map_layer
from striate.inside.maps import Maps

CLASSES = torch.tensor([0, 3, 6])


def parts(network, images):
    """HiResCAM and CAM of the layer before the pooling, by hand."""
    activations = network[:6](images).detach()
    weights = network[8].weight.detach()[CLASSES]
    cam = torch.einsum("nk,nkhw->nhw", weights, activations)
    place = map_layer(network, tuple(images.shape[1:])).placed
    sums = Maps(cam / cam[0].numel(), signed=True, method="hirescam", picture=(24, 24), geometry=place)
    means = Maps(cam, signed=True, method="cam", picture=(24, 24), geometry=place)
    return sums, means


def test_hirescam_adds_up_and_cam_does_on_average_before_a_linear_head(recognizer, images):
    for maps in parts(recognizer.network, images):
        assert gap(recognizer.network, images, CLASSES, maps).max() < 1e-4


def test_what_is_missing_is_told_as_a_share_of_the_change(recognizer, images):
    sums, _ = parts(recognizer.network, images)
    less = Maps(sums.values * 0.75, signed=True, method="hirescam", picture=(24, 24), geometry=sums.geometry)
    torch.testing.assert_close(
        gap(recognizer.network, images, CLASSES, less), torch.full((3,), 0.25, dtype=torch.float64), atol=1e-4, rtol=0
    )


def test_before_a_layer_that_is_not_linear_there_is_a_gap(recognizer, images):
    body = recognizer.network
    network = nn.Sequential(*body[:8], nn.Linear(16, 16), nn.Tanh(), nn.Linear(16, 10)).eval()
    place = map_layer(network, (3, 24, 24))
    activations = body[:6](images).detach().requires_grad_()
    score = network[6:](activations).gather(1, CLASSES[:, None]).sum()
    (gradient,) = torch.autograd.grad(score, activations)
    maps = Maps((gradient * activations).sum(1).detach(), signed=True, method="hirescam", picture=(24, 24),
                geometry=place.placed)  # fmt: skip
    assert gap(network, images, CLASSES, maps).max() > 0.001


@dataclass(frozen=True)
class Telling(Maps):
    completeness: torch.Tensor | None = None


def test_a_method_that_knows_its_own_gap_is_believed(recognizer, images):
    maps = Telling(
        images[:, 0], signed=True, method="own", picture=(24, 24), completeness=torch.tensor([0.1, 0.2, 0.3])
    )
    assert gap(recognizer.network, images, CLASSES, maps).tolist() == pytest.approx([0.1, 0.2, 0.3])


def test_where_no_sum_is_promised_there_is_no_gap(recognizer, images):
    maps = Maps(images[:, 0], signed=True, method="occlusion", picture=(24, 24))
    assert gap(recognizer.network, images, CLASSES, maps) is None
