"""Grad-CAM against its closed form."""

import torch
from torch import nn

from striate.explain import explain

IMAGES = torch.randn(2, 2, 13, 11, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
CLASSES = torch.tensor([2, 0])


def test_behind_a_global_average_it_is_cam_over_the_number_of_places(pooled: nn.Sequential) -> None:
    cam = explain(pooled, IMAGES, CLASSES, method="cam", layer="1")
    found = explain(pooled, IMAGES, CLASSES, method="gradcam", layer="1")
    torch.testing.assert_close(found.values, cam.values.relu() / 30)
    assert found.values.shape == (2, 6, 5)
    assert not found.signed
    assert found.values.max() > 0


def test_two_by_two_numbers_by_hand() -> None:
    network = nn.Sequential(nn.Conv2d(1, 2, 1, bias=False), nn.Flatten(), nn.Linear(8, 1, bias=False)).double()
    with torch.no_grad():
        network[0].weight[:] = torch.tensor([1.0, -1.0]).reshape(2, 1, 1, 1)
        network[2].weight[:] = torch.tensor([1.0, 2, 3, 2, 0, 1, 0, 3])  # means 2 and 1
    image = torch.tensor([[[[1.0, -2], [3, 4]]]], dtype=torch.float64)
    found = explain(network, image, torch.tensor([0]), method="gradcam", layer="0")
    assert found.values.tolist() == [[[1, 0], [3, 4]]]


def test_doubled_scores_have_doubled_maps(pooled: nn.Sequential) -> None:
    before = explain(pooled, IMAGES, CLASSES).values
    with torch.no_grad():
        pooled[4].weight *= 2
    torch.testing.assert_close(explain(pooled, IMAGES, CLASSES).values, 2 * before)
