"""Whether a network is still built as it was: what it prints, and the plain values that its modules hold.

A module need not print what it goes by: `self.stride = 2` in a module of the user's own, for a pooling by function.
"""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any

from torch import nn


def fingerprint(network: nn.Module) -> Hashable:
    """Return what is another as soon as a module, or a number, a word or a list of these in one, is another.

    Values of weights, hooks and whether a module trains are no part of it; nor is what a module holds in a dict, or
    another function in place of one.
    """
    return repr(network), tuple(
        (name, value) for module in network.modules() for name, value in _plain(vars(module)) if name != "training"
    )


def _plain(held: dict[str, Any]) -> list[tuple[str, Hashable]]:
    """Return what is plain, with its name; here each loop counts: it runs before every explanation."""
    found: list[tuple[str, Hashable]] = []
    for name, value in held.items():
        if type(value) in _PLAIN:
            found.append((name, value))
        elif isinstance(value, tuple | list):
            found.append((name, _frozen(value)))
    return found


def _frozen(values: tuple[Any, ...] | list[Any]) -> Hashable:
    return tuple(
        value if type(value) in _PLAIN else _frozen(value) if isinstance(value, tuple | list) else None
        for value in values
    )


_PLAIN = {int, float, bool, str, type(None)}
