"""The strongest inputs and outputs of a unit: right in closed form, and when units are silenced."""

import pytest
import torch
from torch import Tensor, nn

from striate import zoo
from striate.core.errors import DoesNotApply
from striate.inside.inspecting import inspecting
from striate.units.connections import connections


def _seeded(network: nn.Sequential) -> nn.Sequential:
    generator = torch.Generator().manual_seed(0)
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.copy_(torch.randn(parameter.shape, generator=generator))
    return network


def test_links_are_the_norms_of_kernels_through_batch_norm() -> None:
    network = _seeded(nn.Sequential(
        nn.Conv2d(1, 4, 3), nn.BatchNorm2d(4), nn.ReLU(), nn.Conv2d(4, 6, 3), nn.BatchNorm2d(6), nn.Flatten()
    ))  # fmt: skip
    first, second = (network.get_parameter(f"{place}.weight").detach().double() for place in (1, 4))
    kernels = network.get_parameter("3.weight").detach().double()
    strength = (kernels.norm(dim=(2, 3)) * first.abs()[None] * second.abs()[:, None]) / (1 + 1e-5)
    found = connections(network, (1, 6, 6), "0", range(4))
    for unit, links in enumerate(found):
        expected = strength[:, unit].sort(descending=True)
        assert [link.unit for link in links.outputs] == expected.indices.tolist()
        torch.testing.assert_close(torch.tensor([link.strength for link in links.outputs]).double(), expected.values)
        assert [(link.layer, link.unit) for link in links.inputs] == [("picture", 0)]
    for layer in ("3", "4"):  # before and behind its batch norm it is made from the same
        (links,) = connections(network, (1, 6, 6), layer, [2], most=3)
        expected = strength[2].sort(descending=True)
        assert [(link.layer, link.unit) for link in links.inputs] == [("0", int(u)) for u in expected.indices[:3]]
        torch.testing.assert_close(torch.tensor([link.strength for link in links.inputs]).double(), expected.values[:3])
        assert [link.reader for link in links.inputs] == ["3"] * 3


def test_a_flattened_map_counts_all_its_places_and_signs_tell_who_lowers() -> None:
    network = nn.Sequential(nn.Conv2d(1, 2, 3), nn.ReLU(), nn.Flatten(), nn.Linear(8, 3))
    with torch.no_grad():
        network.get_parameter("3.weight").zero_()
        network.get_parameter("3.weight")[1, 4:] = -2.0
        network.get_parameter("3.weight")[2, 5] = 1.0
    nothing, links = connections(network, (1, 4, 4), "1", [0, 1])
    assert [(link.unit, link.strength, link.sign) for link in links.outputs] == [(1, 4, -8), (2, 1, 1), (0, 0, 0)]
    assert all(link.strength == 0 for link in nothing.outputs)
    (made,) = connections(network, (1, 4, 4), "3", [1])
    assert [(link.layer, link.unit, link.strength) for link in made.inputs] == [("0", 1, 4), ("0", 0, 0)]


def test_skip_connections_are_followed_and_marked() -> None:
    network = zoo.create("resnet20", num_classes=10, in_channels=3, image_size=16)
    (links,) = connections(network, (3, 16, 16), "stem", [3], most=10_000)
    readers = {link.layer: link.skips for link in links.outputs}
    assert readers["stages.0.0.body.conv1"] == 0
    assert readers["stages.0.1.body.conv1"] == 1
    assert readers["head.linear"] == 9
    assert "stages.0.0.body.conv2" not in readers
    last = {f"stages.2.{block}.body.conv2" for block in range(3)}
    padded, shared = connections(network, (3, 16, 16), "stages.2", [60, 40], most=10_000)
    assert {link.reader for link in padded.inputs} == last  # the shortcut brings it a channel of zeros
    assert {link.reader for link in shared.inputs} == last | {f"stages.1.{block}.body.conv2" for block in range(3)}


def test_every_unit_that_depends_on_another_is_linked_to_it_and_no_other() -> None:
    network = zoo.create("densenet121", num_classes=10, in_channels=3, image_size=32)
    layer, unit = "stages.1.block.layer2.body.conv2", 5
    (links,) = connections(network, (3, 32, 32), layer, [unit], most=100_000)
    readers = {link.layer for link in links.outputs}
    after = {f"stages.1.block.layer{block}.body.conv1" for block in range(3, 13)}
    assert readers == {*after, "stages.2.transition.conv"}
    assert all(link.strength > 0 for link in links.outputs)


def test_depthwise_units_are_linked_to_their_own_map_alone() -> None:
    network = nn.Sequential(nn.Conv2d(1, 4, 1), nn.Conv2d(4, 8, 3, groups=4), nn.Flatten())
    (links,) = connections(network, (1, 3, 3), "1", [5])
    assert [(link.layer, link.unit) for link in links.inputs] == [("0", 2)]
    (links,) = connections(network, (1, 3, 3), "0", [2])
    assert sorted(link.unit for link in links.outputs) == [4, 5]


def test_the_strength_is_how_far_a_unit_moves_at_one_place() -> None:
    network = zoo.create("resnet20", num_classes=10, in_channels=3, image_size=16).double()
    with torch.no_grad():
        for buffer in network.buffers():
            if buffer.is_floating_point():
                buffer.uniform_(0.5, 2)
    (links,) = connections(network, (3, 16, 16), "stages.0.0.body.conv1", [3], most=3)
    moved = _moves(network, "stages.0.0.body.relu", "stages.0.0.body.bn2", 3)
    norm = "stages.0.0.body.bn1"
    gamma, variance = network.get_parameter(f"{norm}.weight").detach(), network.get_buffer(f"{norm}.running_var")
    scale = float((gamma / (variance + 1e-5).sqrt())[3])
    for link in links.outputs:
        assert link.strength == pytest.approx(abs(scale) * float(moved[link.unit]), rel=1e-6)


def _moves(network: nn.Module, changed: str, read: str, unit: int) -> Tensor:
    """By what norm over places each unit of `read` moves when one value of `changed` moves by one."""
    images = torch.zeros(1, 3, 16, 16, dtype=torch.float64)
    found = []
    for amount in (0.0, 1.0):
        with inspecting(network) as inside, torch.no_grad():

            def move(_module: nn.Module, _given: object, result: Tensor, amount: float = amount) -> Tensor:
                result = result.clone()
                result[0, unit, 8, 8] += amount
                return result

            inside.network.get_submodule(changed).register_forward_hook(move)
            seen = inside.capture(read)
            inside.scores(images)
            found.append(seen.output[0])
    return (found[1] - found[0]).flatten(1).norm(dim=1)


def test_units_that_are_not_there_are_refused() -> None:
    network = nn.Sequential(nn.Conv2d(1, 4, 1), nn.Flatten())
    with pytest.raises(DoesNotApply, match="units 0 to 3, and not 4"):
        connections(network, (1, 3, 3), "0", [4])
