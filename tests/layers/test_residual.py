import torch
from torch import nn

from striate.layers.residual import Pad, Residual, start_at_nothing


def test_option_a_keeps_every_second_pixel_and_adds_channels_of_zeros_on_both_sides() -> None:
    maps = torch.randn(1, 4, 5, 6)
    padded = Pad(4, 8)(maps)
    assert torch.equal(padded[:, 2:6], maps[:, :, ::2, ::2])
    assert padded[:, :2].abs().sum() == padded[:, 6:].abs().sum() == 0


def test_padding_at_stride_one_keeps_every_pixel() -> None:
    maps = torch.randn(1, 4, 5, 6)
    assert torch.equal(Pad(4, 9, 1)(maps)[:, 2:6], maps)


def test_the_sum_is_rectified() -> None:
    maps = torch.randn(1, 3, 4, 4)
    assert torch.equal(Residual(nn.Identity(), nn.Identity())(maps), (2 * maps).relu())


def test_blocks_that_start_at_nothing_pass_their_input_on() -> None:
    body = nn.Sequential(nn.Conv2d(3, 3, 3, padding=1), nn.BatchNorm2d(3))
    normalized_after, network = Residual(body, nn.Identity()), nn.Sequential()
    network.add_module("block", normalized_after)
    maps = torch.randn(2, 3, 4, 4)
    assert not torch.equal(network(maps), maps.relu())
    start_at_nothing(network)
    assert torch.equal(network(maps), maps.relu())
