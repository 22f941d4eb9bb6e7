import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode

from striate import zoo
from striate.core.errors import DoesNotApply
from striate.sources import shapes
from striate.zoo.enet import Doubling, Halving, segmentation


def pixels(count: int, size: int) -> tuple[Tensor, Tensor]:
    """Pictures of shapes, and for each pixel 0 for the ground or 1 and more for the class of the shape on it."""
    drawings = [shapes.draw(index, size=size, seed=3) for index in range(count)]
    images = torch.tensor(np.stack([drawing.pixels for drawing in drawings])).permute(0, 3, 1, 2).float() / 128 - 1
    return images, torch.tensor(np.stack([drawing.mask * (1 + drawing.label % 3) for drawing in drawings])).long()


@pytest.mark.parametrize(
    ("classes", "size", "parameters", "giga"), [(12, (360, 480), 350_652, 1.287), (20, (360, 640), 351_804, 1.783)]
)
def test_the_whole_network_has_the_counts_of_the_port_that_most_people_use(classes, size, parameters, giga) -> None:
    with torch.device("meta"):
        network = segmentation(num_classes=classes).eval()
        with FlopCounterMode(display=False) as counter:
            scores = network(torch.empty(1, 3, *size))
    assert sum(weights.numel() for weights in network.parameters()) == parameters
    assert round(counter.get_total_flops() / 2e9, 3) == giga
    assert scores.shape == (1, classes, *size)


@pytest.mark.parametrize("name", ["enet", "enet_torch7"])
def test_no_convolution_has_a_bias_and_dilations_and_asymmetry_are_those_of_table_1(name: str) -> None:
    network = zoo.create(name, num_classes=2)
    convolutions = [layer for layer in network.stages.modules() if isinstance(layer, nn.Conv2d)]
    assert all(layer.bias is None for layer in convolutions)
    kinds = [layer.dilation[0] if layer.kernel_size == (3, 3) else layer.kernel_size for layer in convolutions]
    kinds = [kind for kind in kinds if kind not in {(1, 1), (2, 2)}]
    twice = [1, 2, (5, 1), (1, 5), 4, 1, 8, (5, 1), (1, 5), 16]
    assert kinds == [*[1] * 5, 1, *twice, *twice]


def test_slopes_are_one_a_layer_in_the_usual_form_and_one_a_map_in_the_authors() -> None:
    for name, own in (("enet", False), ("enet_torch7", True)):
        block = zoo.create(name, num_classes=2).stages[1][1]
        slopes = [layer.num_parameters for layer in block.modules() if isinstance(layer, nn.PReLU)]
        assert slopes == ([32, 32, 128] if own else [1, 1, 1, 1])


def test_whole_maps_are_dropped_a_tenth_as_often_in_the_first_stage() -> None:
    network = zoo.create("enet", num_classes=2)
    rates = [{layer.p for layer in stage.modules() if isinstance(layer, nn.Dropout2d)} for stage in network.stages]
    assert rates == [{0.01}, {0.1}]


def test_halving_adds_maps_of_zeros_to_the_maxima() -> None:
    block = Halving(4, 6, own=False, dropout=0.0).eval()
    nn.init.zeros_(block.correction.bn3.weight)
    maps = torch.rand(1, 4, 5, 7)
    halved = block(maps)
    assert torch.equal(halved[:, :4], nn.functional.max_pool2d(maps, 2))
    assert not halved[:, 4:].any()


def test_doubling_puts_each_value_back_where_the_maximum_was() -> None:
    torch.manual_seed(0)
    block = Doubling(8, 4, own=False, dropout=0.0).eval()
    nn.init.zeros_(block.correction.bn3.weight)
    coarse, halved = torch.rand(1, 8, 3, 3), torch.rand(1, 4, 6, 6)
    values, fine = block.shortcut(coarse).relu(), block(coarse, halved)
    for channel, i, j in [(c, i, j) for c in range(4) for i in range(3) for j in range(3)]:
        window = halved[0, channel, 2 * i : 2 * i + 2, 2 * j : 2 * j + 2]
        expected = torch.where(window == window.max(), values[0, channel, i, j], 0)
        assert torch.equal(fine[0, channel, 2 * i : 2 * i + 2, 2 * j : 2 * j + 2], expected)


@pytest.mark.parametrize("name", ["enet", "enet_torch7"])
def test_pictures_of_any_size_and_channels_get_scores_for_each_pixel(name: str) -> None:
    network = segmentation(name, num_classes=5, in_channels=1).eval()
    assert network(torch.rand(2, 1, 37, 50)).shape == (2, 5, 37, 50)


@pytest.mark.parametrize("name", ["enet", pytest.param("enet_torch7", marks=pytest.mark.slow)])
def test_one_batch_of_pixels_is_learned_by_heart(name: str) -> None:
    images, labels = pixels(2, 32)
    torch.manual_seed(0)
    network = segmentation(name, num_classes=4, dropout=0.0)
    optimizer = torch.optim.Adam(network.parameters(), lr=1e-2)
    for _ in range(150):
        scores = network(images)
        if ((scores.argmax(1) == labels).float().mean() > 0.99).item():
            break
        optimizer.zero_grad()
        nn.functional.cross_entropy(scores, labels).backward()
        optimizer.step()
    right = (scores.argmax(1) == labels).float()
    assert right.mean() > 0.99
    assert right[labels > 0].mean() > 0.9  # not the ground alone
    assert all(weights.grad.abs().sum() > 0 for weights in network.parameters())


def test_a_trained_encoder_is_taken_over_and_one_for_small_pictures_refused() -> None:
    encoder = zoo.create("enet", num_classes=7, image_size=64, stem="published")
    network = segmentation(num_classes=2, encoder=encoder)
    assert network.stages is encoder.stages
    assert network(torch.rand(2, 3, 16, 16)).shape == (2, 2, 16, 16)
    with pytest.raises(DoesNotApply, match="stem='published'"):
        segmentation(num_classes=2, encoder=zoo.create("enet", num_classes=7, image_size=32))
