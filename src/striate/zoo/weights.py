"""Weights into a network and out of it: strictly, without running what a file holds, and whole or not at all.

Files in others' layouts are recognized by their names; the family's `layouts` has the tables of renames.
"""

import re
from collections.abc import Callable, Mapping
from difflib import get_close_matches
from importlib import import_module
from pathlib import Path
from typing import Any

from safetensors.torch import save as to_bytes
from torch import Tensor, nn

from striate.core.errors import DataError, DoesNotApply, UnknownName
from striate.core.files import write_bytes
from striate.layers.network import Network
from striate.zoo.catalog import MODELS
from striate.zoo.options import Layouts, Renames
from striate.zoo.reading import named_tensors, read

OWN = "striate"  # the layout of our own names
_COUNTERS = ".num_batches_tracked"  # batch norm's counters: older files have none, and inference needs none
_SHOWN = 3  # names of a kind in a message


def load(network: nn.Module, path: str | Path, *, layout: str | None = None) -> str:
    """Load the weights in a file into `network`; every name and shape must agree.

    Args:
        network: changed in place; left exactly as it was if anything is wrong.
        path: a .safetensors, .pth, .pt, .th or .npz file.
        layout: whose names the file uses, as `akamaster:resnet20`; by default the one that fits.

    Returns:
        The layout that fitted.

    Raises:
        DataError: no such file, or it is damaged, holds code, or does not fit; the names concerned are given.
        UnknownName: no such layout for this network.
    """
    return load_state(network, read(Path(path)), layout=layout, source=str(path))


def load_state(
    network: nn.Module, state: Mapping[str, Any], *, layout: str | None = None, source: str = "the state dict"
) -> str:
    """Load named tensors into `network`, as `load` does from a file; `source` names them in messages."""
    expected = network.state_dict()
    if any(tensor.is_meta for tensor in expected.values()):
        raise DoesNotApply("the network is on the meta device, where weights have no values: create it on another")
    tensors = named_tensors(state, source, expected)
    misfits = {}
    for name, renames in _candidates(network, layout).items():
        renamed = _renamed(tensors, renames)
        misfits[name] = Misfit(expected, renamed)
        if misfits[name].count == 0:
            network.load_state_dict({**expected, **renamed})  # casts to the network's own precision
            return name
    nearest = min(misfits, key=lambda name: misfits[name].count)
    raise DataError(
        f"{source} does not fit the network (read in the layout {nearest}): {misfits[nearest]}. Nothing was loaded. "
        f"Create the network that the file is of (num_classes, in_channels, image_size, options), "
        f"or name the file's layout: {', '.join(_layouts(network))}"
    )


def save(network: nn.Module, path: str | Path) -> None:
    """Write parameters and buffers as safetensors; equal weights give equal bytes."""
    tensors = {name: tensor.detach().cpu().contiguous() for name, tensor in sorted(network.state_dict().items())}
    write_bytes(Path(path), to_bytes(tensors))


class Misfit:
    """How named tensors differ from what a network expects; as text, the names in question and those nearest."""

    def __init__(self, expected: Mapping[str, Tensor], given: Mapping[str, Tensor]) -> None:
        self.missing = [name for name in expected if name not in given and not name.endswith(_COUNTERS)]
        self.unexpected = [name for name in given if name not in expected]
        self.unequal = [
            f"{name} is {_kind(given[name])} there, {_kind(tensor)} here"
            for name, tensor in expected.items()
            if name in given and _kind(given[name]) != _kind(tensor)
        ]

    @property
    def count(self) -> int:
        """How many names are wrong."""
        return len(self.missing) + len(self.unexpected) + len(self.unequal)

    def __str__(self) -> str:
        kinds = {
            "missing": [_with_nearest(name, self.unexpected) for name in self.missing[:_SHOWN]],
            "unexpected": [_with_nearest(name, self.missing) for name in self.unexpected[:_SHOWN]],
            "of another shape": self.unequal[:_SHOWN],
        }
        counts = (len(self.missing), len(self.unexpected), len(self.unequal))
        return "; ".join(
            f"{count} {kind}: {', '.join(names)}{', ...' * (count > _SHOWN)}"
            for count, (kind, names) in zip(counts, kinds.items(), strict=True)
            if count
        )


def _kind(tensor: Tensor) -> str:
    return f"{'x'.join(map(str, tensor.shape)) or 'one number'}{'' if tensor.is_floating_point() else ' whole'}"


def _with_nearest(name: str, others: list[str]) -> str:
    near = get_close_matches(name, others, n=1)
    return f"{name} (nearest: {near[0]})" if near else name


def _layouts(network: nn.Module) -> Layouts:
    if not isinstance(network, Network) or network.config.get("name") not in MODELS:
        return {OWN: ()}
    model = network.config["name"]
    of_others: Callable[[str], Layouts] | None = getattr(import_module(MODELS[model].module), "layouts", None)
    return {f"{OWN}:{model}": (), **(of_others(model) if of_others else {})}


def _candidates(network: nn.Module, layout: str | None) -> Layouts:
    layouts = _layouts(network)
    if layout is None:
        return layouts
    if layout not in layouts:
        raise UnknownName("layout for this network", layout, layouts)
    return {layout: layouts[layout]}


def _renamed(tensors: Mapping[str, Tensor], renames: Renames) -> dict[str, Tensor]:
    renamed: dict[str, Tensor] = {}
    for name, tensor in tensors.items():
        new = _rename(name, renames)
        renamed[f"{new} (a second time)" if new in renamed else new] = tensor
    return renamed


def _rename(name: str, renames: Renames) -> str:
    for pattern, replacement in renames:
        renamed, found = re.subn(pattern, replacement, name)
        if found:
            return renamed
    return name
