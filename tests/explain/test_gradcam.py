"""Grad-CAM against its closed form."""

import torch
from torch import nn

from striate.explain import explain


def pooled() -> nn.Sequential:
    """A network whose scores are linear in the averages of the maps of layer 1."""
    torch.manual_seed(0)
    head = [nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(6, 3)]
    return nn.Sequential(nn.Conv2d(2, 6, 3, stride=2), nn.ReLU(), *head).double()


IMAGES = torch.randn(2, 2, 13, 11, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
CLASSES = torch.tensor([2, 0])


def test_behind_a_global_average_it_is_cam_over_the_number_of_places() -> None:
    network = pooled()
    cam = explain(network, IMAGES, CLASSES, method="cam", layer="1")
    found = explain(network, IMAGES, CLASSES, method="gradcam", layer="1")
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


def test_doubled_scores_have_doubled_maps() -> None:
    network = pooled()
    before = explain(network, IMAGES, CLASSES).values
    with torch.no_grad():
        network[4].weight *= 2
    torch.testing.assert_close(explain(network, IMAGES, CLASSES).values, 2 * before)
