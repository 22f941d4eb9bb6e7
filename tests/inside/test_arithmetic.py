"""Multiply-accumulates: the zoo's, closed forms, and torch's own counter."""

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.utils.flop_counter import FlopCounterMode

from striate.inside.arithmetic import multiply_accumulates
from striate.inside.phantom import of_model
from striate.zoo import MODELS, create

CASES = {  # with the closed form, for a picture of 4 x 9 x 8
    "convolution": (nn.Conv2d(4, 6, 3, 2, 1), 4 * 6 * 9 * 5 * 4),
    "grouped": (nn.Conv2d(4, 6, (3, 1), groups=2), 2 * 6 * 3 * 7 * 8),
    "dilated": (nn.Conv2d(4, 6, 3, dilation=2), 4 * 6 * 9 * 5 * 4),
    "transposed": (nn.ConvTranspose2d(4, 6, 3, 2), 4 * 6 * 9 * 9 * 8),
    "transposed and grouped": (nn.ConvTranspose2d(4, 6, 3, 2, groups=2), 2 * 6 * 9 * 9 * 8),
    "linear": (nn.Sequential(nn.Flatten(), nn.Linear(288, 5)), 288 * 5),
    "linear in every row": (nn.Linear(8, 5), 4 * 9 * 8 * 5),
    "nothing": (nn.Sequential(nn.BatchNorm2d(4), nn.ReLU(), nn.MaxPool2d(2)), 0),
}


@pytest.mark.parametrize("what", CASES)
def test_the_count_is_the_closed_form_and_half_of_torch_s(what: str) -> None:
    network, expected = CASES[what]
    assert multiply_accumulates(network, (4, 9, 8)) == expected
    with FlopCounterMode(display=False) as counter:
        network.eval()(torch.rand(1, 4, 9, 8))
    assert counter.get_total_flops() // 2 == expected


class Functional(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.kernel = nn.Parameter(torch.rand(4, 4, 3, 3))

    def forward(self, x: Tensor) -> Tensor:
        for _ in range(3):
            x = F.conv2d(x, self.kernel, padding=1)
        return torch.einsum("nchw,cd->ndhw", x, torch.ones(4, 2))


def test_functional_and_reused_layers_count_each_time() -> None:
    assert multiply_accumulates(Functional(), (4, 9, 8)) == 3 * 4 * 4 * 9 * 72 + 4 * 2 * 72


def test_attention_counts_its_two_products() -> None:
    layer = nn.MultiheadAttention(8, 2, batch_first=True)

    class Attends(nn.Module):
        def forward(self, x: Tensor) -> Tensor:
            return F.scaled_dot_product_attention(x, x, x)

    assert multiply_accumulates(Attends(), (4, 9, 8)) == 2 * 4 * 9 * 9 * 8
    assert layer.embed_dim == 8


@pytest.mark.parametrize("name", sorted(MODELS))
def test_the_count_of_every_network_is_its_row_s(name: str) -> None:
    row = MODELS[name]
    assert multiply_accumulates(of_model(name), (row.in_channels, *row.image_size)) == row.macs


def test_a_network_with_weights_is_left_as_it_was() -> None:
    network = create("lenet5")
    before = {key: tensor.clone() for key, tensor in network.state_dict().items()}
    assert multiply_accumulates(network, (1, 32, 32)) == MODELS["lenet5"].macs
    assert all(torch.equal(tensor, before[key]) for key, tensor in network.state_dict().items())
    assert network.training
