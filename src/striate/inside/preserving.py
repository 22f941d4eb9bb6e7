"""A network exactly as it was, whatever was done with it in between: what makes looking safe.

Tools that attach hooks, switch modes or replace layers leave traces: frozen batch norm set free, gradients wiped, one
ReLU shared by all. Here everything that a module holds is noted by reference, buffers by value, and put back.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from striate.core.errors import DoesNotApply

_TABLES = ("_parameters", "_buffers", "_modules", "_non_persistent_buffers_set")
_HOOKS = (
    *("_forward_hooks", "_forward_hooks_with_kwargs", "_forward_hooks_always_called", "_forward_pre_hooks"),
    *("_forward_pre_hooks_with_kwargs", "_backward_hooks", "_backward_pre_hooks"),
    *("_state_dict_hooks", "_state_dict_pre_hooks", "_load_state_dict_pre_hooks", "_load_state_dict_post_hooks"),
)


@contextmanager
def preserved(network: nn.Module) -> Iterator[None]:
    """Leave `network`, its gradients and the random state as they are now, also when the block raises.

    Raises:
        DoesNotApply: the network wrote into its own weights, of which no copy is kept, as they may fill the memory.
    """
    modules = [_Attributes(module) for module in network.modules()]
    parameters = [(name, weight, weight.grad, weight.requires_grad, _version(weight)) for name, weight in _all(network)]
    buffers = [(buffer, buffer.detach().clone(), _version(buffer)) for buffer in network.buffers()]
    with _random_state(network):
        try:
            yield
        finally:
            for module in modules:
                module.restore()
            for _, weight, gradient, trainable, _ in parameters:
                weight.requires_grad_(trainable)
                weight.grad = gradient
            _restore(buffers)
    for name, weight, _, _, version in parameters:
        if _version(weight) != version:
            raise DoesNotApply(
                f"{name} was written into while the network was looked at; it is not what it was, and what was seen "
                "is not what its weights say: let the network leave its weights alone in evaluation mode"
            )


class _Attributes:
    """All that a module holds, by reference; its tables of parameters, buffers, modules and hooks entry by entry."""

    def __init__(self, module: nn.Module) -> None:
        self._module = module
        self._held: dict[str, Any] = dict(vars(module))
        tables = {name: self._held.get(name) for name in (*_TABLES, *_HOOKS)}
        self._tables = {name: table.copy() for name, table in tables.items() if isinstance(table, dict | set)}

    def restore(self) -> None:
        held = vars(self._module)
        held.clear()
        held.update(self._held)
        for name, entries in self._tables.items():
            table = held[name]
            if table != entries if name in _HOOKS else _differ(table, entries):
                table.clear()
                table.update(entries)


def _differ(table: Any, entries: Any) -> bool:
    """Compare by identity: tensors do not compare to one truth."""
    if isinstance(table, set):
        return bool(table != entries)
    return list(table) != list(entries) or any(table[name] is not entries[name] for name in entries)


def _all(network: nn.Module) -> list[tuple[str, nn.Parameter]]:
    return list(network.named_parameters())


def _version(tensor: Tensor) -> int | None:
    """Return how often a tensor was written into; None where torch does not count, as it was made in inference mode."""
    return None if tensor.is_inference() else tensor._version  # noqa: SLF001 torch has no public name for it


def _restore(buffers: list[tuple[Tensor, Tensor, int | None]]) -> None:
    with torch.no_grad():
        for buffer, before, version in buffers:
            if _version(buffer) != version:
                buffer.copy_(before)


@contextmanager
def _random_state(network: nn.Module) -> Iterator[None]:
    devices = {tensor.device for tensor in (*network.parameters(), *network.buffers()) if tensor.is_cuda}
    python, numpy = random.getstate(), np.random.get_state()  # noqa: NPY002 the global state that others draw from
    with torch.random.fork_rng(sorted(device.index for device in devices)):
        try:
            yield
        finally:
            random.setstate(python)
            np.random.set_state(numpy)  # noqa: NPY002 as above
