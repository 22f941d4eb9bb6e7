"""How much arithmetic a network does for a picture, counted without doing it.

A multiply-accumulate (MAC) is one product added to a sum, of convolutions and matrix products; biases, normalization,
activations and pooling are not counted. Half of what torch's `FlopCounterMode` calls floating point operations. A
module that leaves out connections, such as LeNet-5's convolution by a table, says what part it has, as `density`.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from math import prod
from typing import Any

from torch import nn

from striate.inside.tracing import Call, trace


def multiply_accumulates(network: nn.Module, shape: Sequence[int]) -> int:
    """Return the multiply-accumulates of `network` for one picture (C, H, W); errors as `tracing.trace` has them."""
    traced = trace(network, shape)
    return sum(macs(call, traced.network) for call in traced.calls)


def macs(call: Call, network: nn.Module) -> int:
    """Return the multiply-accumulates of one operation in `network`."""
    count = _COUNTED.get(call.name)
    if count is None:
        return 0
    density: Fraction | int = getattr(network.get_submodule(call.module), "density", 1)
    return int(count(call) * density)


def _convolution(call: Call) -> int:
    """Each output unit reads a kernel of one group's channels; transposed, each input unit is spread by one."""
    images, weight, *_ = call.arguments
    transposed = call.arguments[6]
    positions = prod((images if transposed else call.result).shape[2:])
    return int(images.shape[0] * positions * weight.numel())


def _product(call: Call) -> int:
    one, other = call.arguments[-2:]
    return int(one.numel() * other.shape[-1])


_COUNTED: dict[str, Any] = {
    "convolution": _convolution,
    **dict.fromkeys(("mm", "addmm", "bmm", "baddbmm"), _product),
}
