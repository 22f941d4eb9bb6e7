"""Networks of shapes alone: on torch's meta device a tensor has a size and no numbers, so nothing is allocated."""

from __future__ import annotations

import copy
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn

from striate import zoo
from striate.layers.network import Network


def of_model(name: str, **options: Any) -> Network:
    """Return the network `name` of the zoo without numbers; options and errors as `zoo.create` has them."""
    with torch.device("meta"):
        return zoo.create(name, **options)


def phantom(network: nn.Module) -> nn.Module:
    """Return `network` without its numbers: itself where it has none, otherwise a copy that allocates nothing.

    The copy has no hooks: what a user hangs on a layer to note its values is not to be called without any.
    """
    tensors = [*network.parameters(), *network.buffers(), *_loose(network)]
    if all(tensor.is_meta for tensor in tensors):
        return network
    twins: dict[int, Any] = {id(tensor): _twin(tensor) for tensor in tensors}  # deepcopy takes these for the copies
    twins.update({id(hooks): OrderedDict() for hooks in _hooks(network)})  # the user's own expect numbers
    return copy.deepcopy(network, twins)


@contextmanager
def mode(network: nn.Module, *, training: bool) -> Iterator[None]:
    """Have every module train, or evaluate; afterwards each is as it was, whatever happened."""
    before = [(module, module.training) for module in network.modules()]
    network.train(training)
    try:
        yield
    finally:
        for module, was in before:
            module.training = was


def _loose(network: nn.Module) -> Iterator[Tensor]:
    """Yield tensors that are plain attributes of a module, neither parameters nor buffers."""
    for module in network.modules():
        yield from (value for value in vars(module).values() if isinstance(value, Tensor))


def _hooks(network: nn.Module) -> Iterator[Any]:
    """Yield what is called before and after each module's pass."""
    for module in network.modules():
        yield from (module._forward_pre_hooks, module._forward_hooks)  # noqa: SLF001 torch has no public name for them


def _twin(tensor: Tensor) -> Tensor:
    empty = torch.empty_like(tensor, device="meta")
    return nn.Parameter(empty, tensor.requires_grad) if isinstance(tensor, nn.Parameter) else empty
