"""Layers by name: a module's own name, and the number of a call where it is called several times."""

from __future__ import annotations

from typing import NamedTuple

from torch import nn

from striate.core.errors import DoesNotApply, UnknownName

_OF_OTHERS = "body."  # how the modules of a wrapped network begin; see layers.foreign


class Name(NamedTuple):
    """Which call of which module.

    Args:
        module: its name in `network.named_modules()`.
        call: 1 for the first; None where the module is called once.
    """

    module: str
    call: int | None = None

    def __str__(self) -> str:
        return self.module if self.call is None else f"{self.module}#{self.call}"


def resolve(network: nn.Module, layer: str) -> Name:
    """Return which module `layer` names: `stages.2`, `stages.2.0.join`, or `relu#3` for the third call of `relu`.

    The modules of a wrapped network go by their own names too: `layer4` for `body.layer4`.

    Raises:
        UnknownName: no such module; the nearest are offered.
        DoesNotApply: what follows the # is not the number of a call.
    """
    module, mark, call = layer.partition("#")
    known = dict(network.named_modules())
    if module not in known and f"{_OF_OTHERS}{module}" in known:
        module = f"{_OF_OTHERS}{module}"
    if not module or module not in known:
        raise UnknownName("layer", module, [name for name in known if name])
    if not mark:
        return Name(module)
    if not call.isdecimal() or int(call) < 1:
        raise DoesNotApply(f"{layer}: after the # comes the number of a call, 1 for the first")
    return Name(module, int(call))
