"""An exponential moving average of a network's weights, evaluated in place of the last ones."""

import copy

import torch
from torch import nn


class Average:
    """Averages the floating-point weights and buffers of `network`; others are copied.

    The decay after t steps is min(decay, (1 + t) / (10 + t)), so that the first steps do not linger.
    """

    def __init__(self, network: nn.Module, decay: float) -> None:
        self.decay = decay
        self.network = copy.deepcopy(network).requires_grad_(requires_grad=False)

    @torch.no_grad()
    def update(self, network: nn.Module, steps: int) -> None:
        """Take in the weights of `network` after `steps` steps."""
        share = 1 - min(self.decay, (1 + steps) / (10 + steps))
        current = network.state_dict()
        for name, kept in self.network.state_dict().items():
            if kept.is_floating_point():
                kept.lerp_(current[name], share)
            else:
                kept.copy_(current[name])
