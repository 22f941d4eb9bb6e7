"""The nonlinearities that a family may offer by name, each a module of its own so that a tool can watch it."""

from collections.abc import Callable

import torch
from torch import Tensor, nn


class Squash(nn.Module):
    """The scaled tanh of LeCun et al., 1998, appendix A: 1.7159 tanh(2/3 x). https://doi.org/10.1109/5.726791.

    It takes +1 to +1 and -1 to -1, where its curvature is largest, so targets of +1 and -1 do not saturate it.
    """

    def forward(self, x: Tensor) -> Tensor:
        """Squash every value of `x` into (-1.7159, 1.7159)."""
        return 1.7159 * torch.tanh(x * (2 / 3))


ACTIVATIONS: dict[str, Callable[[], nn.Module]] = {
    "relu": nn.ReLU,
    "tanh": nn.Tanh,
    "sigmoid": nn.Sigmoid,
    "squash": Squash,
}
