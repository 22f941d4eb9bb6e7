"""A network exactly as it was, whatever was done with it in between: what makes looking safe.

Tools that attach hooks, switch modes or replace layers leave traces: frozen batch norm set free, gradients wiped, one
ReLU shared by all. Here everything that a module holds is noted by reference, what a pass can write into by value, and
put back.
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


@contextmanager
def preserved(network: nn.Module) -> Iterator[None]:
    """Leave `network`, its gradients and the random state as they are now, also when the block raises.

    Raises:
        DoesNotApply: the network wrote into its own weights, of which no copy is kept, as they may fill the memory.
    """
    modules = [_Held(module) for module in network.modules()]
    weights = [_Weight(name, weight) for name, weight in network.named_parameters()]
    values = [_Value(tensor) for tensor in _written_into(network)]
    with _random_state(network):
        try:
            yield
        finally:
            for module in modules:
                module.restore()
            for weight in weights:
                weight.restore()
            for value in values:
                value.restore()
    for weight in weights:
        weight.require_untouched()


class _Held:
    """All that a module holds, by reference; its tables (of modules, buffers, hooks, ...) and lists entry by entry."""

    def __init__(self, module: nn.Module) -> None:
        self._module, self._training = module, module.training
        self._held: dict[str, Any] = dict(vars(module))
        self._entries = {name: _copied(table) for name, table in self._held.items() if isinstance(table, _TABLES)}

    def restore(self) -> None:
        held = vars(self._module)
        for name in held.keys() - self._held.keys():
            del held[name]
        for name, value in self._held.items():
            if name not in held or held[name] is not value:
                held[name] = value
        for name, entries in self._entries.items():
            if (entries or held[name]) and not _same(held[name], entries):  # most tables are of hooks, and empty
                _refill(held[name], entries)
        if self._module.training != self._training:  # a scripted module keeps it elsewhere
            self._module.training = self._training


class _Weight:
    """A parameter: whether it is trained, its gradient, and the memory that holds its values."""

    def __init__(self, name: str, weight: nn.Parameter) -> None:
        self._name, self._weight, self._values = name, weight, weight.data
        self._gradient, self._trained, self._version = weight.grad, weight.requires_grad, _version(weight)

    def restore(self) -> None:
        if self._weight.data_ptr() != self._values.data_ptr():  # other values were put in its place
            self._weight.data = self._values
        self._weight.requires_grad_(self._trained)
        self._weight.grad = self._gradient

    def require_untouched(self) -> None:
        if _version(self._weight) != self._version:
            raise DoesNotApply(
                f"{self._name} was written into while the network was looked at; it is not what it was, and what was "
                "seen is not what its weights say: let the network leave its weights alone in evaluation mode"
            )


class _Value:
    """A tensor that a pass may write into, by value."""

    def __init__(self, tensor: Tensor) -> None:
        self._tensor, self._version = tensor, _version(tensor)
        self._before = tensor.detach().clone()

    def restore(self) -> None:
        if self._version is not None and _version(self._tensor) == self._version:
            return
        with torch.inference_mode(self._tensor.is_inference()), torch.no_grad():
            self._tensor.copy_(self._before)


_TABLES = (dict, list, set)


def _copied(table: Any) -> Any:
    """Return the entries of a dict, list or set, of whatever class of these it is."""
    if isinstance(table, dict):
        return dict(table)
    return set(table) if isinstance(table, set) else list(table)


def _same(table: Any, entries: Any) -> bool:
    """Compare by identity, as tensors do not compare to one truth."""
    if len(table) != len(entries):
        return False
    if isinstance(table, dict):
        return list(table) == list(entries) and all(table[key] is value for key, value in entries.items())
    if isinstance(table, set):
        return bool(table == entries)
    return all(one is other for one, other in zip(table, entries, strict=True))


def _refill(table: Any, entries: Any) -> None:
    table.clear()
    (table.extend if isinstance(table, list) else table.update)(entries)


def _written_into(network: nn.Module) -> Iterator[Tensor]:
    """Yield each buffer, and each tensor that a module holds as a plain attribute, once."""
    loose = (value for module in network.modules() for value in vars(module).values() if isinstance(value, Tensor))
    yield from {id(tensor): tensor for tensor in (*network.buffers(), *loose)}.values()


def _version(tensor: Tensor) -> int | None:
    """Return how often a tensor was written into; None where torch does not count, as it was made in inference mode."""
    return None if tensor.is_inference() else tensor._version  # noqa: SLF001 torch has no public name for it


@contextmanager
def _random_state(network: nn.Module) -> Iterator[None]:
    used = {tensor.device for tensor in (*network.parameters(), *network.buffers())}
    python, numpy = random.getstate(), np.random.get_state()  # noqa: NPY002 the global state that others draw from
    metal = torch.mps.get_rng_state() if any(device.type == "mps" for device in used) else None
    with torch.random.fork_rng(sorted(device.index for device in used if device.type == "cuda")):
        try:
            yield
        finally:
            random.setstate(python)
            np.random.set_state(numpy)  # noqa: NPY002 as above
            if metal is not None:
                torch.mps.set_rng_state(metal)
