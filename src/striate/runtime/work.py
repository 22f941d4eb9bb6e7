"""How much arithmetic a network does, counted without doing it."""

import copy

import torch
from torch import nn
from torch.utils.flop_counter import FlopCounterMode


def multiply_accumulates(network: nn.Module, shape: tuple[int, int, int]) -> int:
    """Return the multiply-accumulates of convolutions and matrix products for one picture (C, H, W)."""
    phantom = copy.deepcopy(network).to("meta").eval()
    counter = FlopCounterMode(display=False)
    with torch.no_grad(), counter:
        phantom(torch.empty(1, *shape, device="meta"))
    return int(counter.get_total_flops()) // 2
