"""Units projected to the pixels, against a network that is unpooled, rectified and transposed by hand."""

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from striate.core.errors import DoesNotApply, RecipeError, UnknownName
from striate.inside.projection import RULES, project
from striate.zoo import create


class Functional(nn.Module):
    """Two convolutions; its ReLUs are calls and no modules, and one writes into what it is given."""

    def __init__(self, kernel: int, stride: int) -> None:
        super().__init__()
        self.first = nn.Conv2d(3, 6, 3, padding=1)
        self.pool = nn.MaxPool2d(kernel, stride)
        self.second = nn.Conv2d(6, 8, 3)
        self.last = nn.Identity()
        self.head = nn.Linear(8, 4)

    def forward(self, images: Tensor) -> Tensor:
        x = self.pool(F.relu(self.first(images)))
        x = self.last(self.pool(torch.relu_(self.second(x))))
        return self.head(x.mean(dim=(2, 3)))


def unpooled(values: Tensor, switches: Tensor, size: tuple[int, ...]) -> Tensor:
    """Put every value where its maximum was; what meets at one place is added."""
    flat = torch.zeros(*values.shape[:2], size[-2] * size[-1], dtype=values.dtype)
    flat.scatter_add_(2, switches.flatten(2), values.flatten(2))
    return flat.view(*values.shape[:2], *size[-2:])


def deconvolved(network: Functional, image: Tensor, unit: int, place: tuple[int, int]) -> Tensor:
    """Zeiler and Fergus's network, section 2.1: unpool by switches, rectify, filter by the transposed kernels."""
    kernel, stride = network.pool.kernel_size, network.pool.stride
    first = network.first(image)
    low, low_switches = F.max_pool2d(first.relu(), kernel, stride, return_indices=True)
    second = network.second(low)
    high, high_switches = F.max_pool2d(second.relu(), kernel, stride, return_indices=True)
    x = torch.zeros_like(high)
    x[0, unit, place[0], place[1]] = high[0, unit, place[0], place[1]]
    x = unpooled(x, high_switches, second.shape).clamp(min=0)
    x = F.conv_transpose2d(x, network.second.weight)
    x = unpooled(x, low_switches, first.shape).clamp(min=0)
    return F.conv_transpose2d(x, network.first.weight, padding=1)


def strongest(network: Functional, image: Tensor, place: tuple[int, int]) -> int:
    with torch.no_grad():
        low = network.pool(network.first(image).relu())
        return int(network.pool(network.second(low).relu())[0, :, place[0], place[1]].argmax())


@pytest.mark.parametrize(("kernel", "stride"), [(2, 2), (3, 2)])
def test_deconvnet_is_the_explicit_unpool_rectify_transpose_network(kernel: int, stride: int) -> None:
    torch.manual_seed(0)
    network = Functional(kernel, stride).double()
    images = torch.randn(6, 3, 19, 19, dtype=torch.float64)
    places = [(0, 0), (1, 2), (2, 1), (0, 2), (2, 2), (1, 1)]
    units = [strongest(network, image[None], place) for image, place in zip(images, places, strict=True)]
    made = project(network, images, "last", units, places, "deconvnet")
    with torch.no_grad():
        wanted = [
            deconvolved(network, images[n : n + 1], unit, place)
            for n, (unit, place) in enumerate(zip(units, places, strict=True))
        ]
    assert torch.cat(wanted).abs().amax(dim=(1, 2, 3)).min() > 1e-3
    assert (made - torch.cat(wanted)).abs().max() < 1e-12


def test_overlapping_windows_that_share_a_maximum_add_what_they_send_down() -> None:
    network = nn.Sequential(nn.ReLU(), nn.MaxPool2d(3, 2), nn.Flatten(), nn.Linear(4, 1))
    image = torch.zeros(1, 1, 5, 5)
    image[0, 0, 2, 2] = 3.0  # the maximum of all four windows
    made = project(network, image, "1", [0])
    assert made[0, 0, 2, 2] == 12.0
    assert made.sum() == 12.0


def test_guided_and_gradient_are_the_rules_written_out() -> None:
    torch.manual_seed(1)
    first, second = nn.Linear(5, 7, dtype=torch.float64), nn.Linear(7, 4, dtype=torch.float64)
    network = nn.Sequential(nn.Flatten(), first, nn.ReLU(), second)
    image = torch.randn(1, 1, 1, 5, dtype=torch.float64)
    with torch.no_grad():
        hidden = first(image.flatten(1))
        seed = second(hidden.relu())[0, 2] * second.weight[2]
        passed = {
            "gradient": seed * (hidden[0] > 0),
            "deconvnet": seed.clamp(min=0),
            "guided": seed.clamp(min=0) * (hidden[0] > 0),
        }
    assert set(passed) == set(RULES)
    for rule, values in passed.items():
        made = project(network, image, "3", [2], [(0, 0)], rule)
        assert torch.allclose(made.flatten(), values @ first.weight, atol=1e-12)


def test_each_picture_has_its_own_unit_whatever_the_chunks() -> None:
    torch.manual_seed(2)
    network = create("resnet20", num_classes=5, image_size=16).double().train()
    images = torch.randn(5, 3, 16, 16, dtype=torch.float64)
    units, places = [3, 0, 9, 31, 3], torch.tensor([[0, 1], [7, 7], [4, 4], [2, 6], [0, 1]])
    whole = project(network, images, "stages.1", units, places)
    assert whole.any()
    for batch in (1, 2):
        assert torch.allclose(project(network, images, "stages.1", units, places, batch=batch), whole, atol=1e-10)
    assert network.training
    assert not whole.requires_grad
    assert all(weight.grad is None and weight.requires_grad for weight in network.parameters())


def test_without_a_place_the_whole_map_is_projected() -> None:
    torch.manual_seed(3)
    network = nn.Sequential(nn.Conv2d(1, 2, 3), nn.Conv2d(2, 3, 2), nn.ReLU(), nn.Flatten(), nn.Linear(27, 2))
    image = torch.randn(1, 1, 6, 6)
    places = [(y, x) for y in range(3) for x in range(3)]
    parts = project(network, image.expand(9, 1, 6, 6), "1", [1] * 9, places, "gradient")
    whole = project(network, image, "1", [1], rule="gradient")
    assert torch.allclose(whole[0], parts.sum(dim=0), atol=1e-6)


def test_what_cannot_be_projected_is_refused() -> None:
    network = nn.Sequential(nn.Conv2d(1, 2, 3), nn.ReLU(), nn.Flatten(), nn.Linear(8, 2))
    image = torch.randn(1, 1, 4, 4)
    with pytest.raises(DoesNotApply, match="2 is no unit of 0, which has 2"):
        project(network, image, "0", [2], [(0, 0)])
    with pytest.raises(DoesNotApply, match="2 is no column of 0"):
        project(network, image, "0", [1], [(0, 2)])
    with pytest.raises(DoesNotApply, match=r"one unit and one place .* units \(2,\)"):
        project(network, image, "0", [1, 1])
    with pytest.raises(DoesNotApply, match="pictures"):
        project(network, image[0], "0", [1])
    with pytest.raises(UnknownName, match="rule"):
        project(network, image, "0", [1], rule="guide")
    with pytest.raises(RecipeError, match="batch = 0"):
        project(network, image, "0", [1], batch=0)
    smooth = nn.Sequential(nn.Conv2d(1, 2, 3), nn.Tanh(), nn.Flatten(), nn.Linear(8, 2))
    with pytest.raises(DoesNotApply, match="the projection by deconvnet is defined for ReLU, and this network uses"):
        project(smooth, image, "1", [0])
    assert project(smooth, image, "1", [0], rule="gradient").any()
