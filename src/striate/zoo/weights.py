"""Weights into a network and out of it: strictly, without running what a file holds, and whole or not at all.

Files in others' layouts are recognized by their names; the family's `layouts` has the tables of renames.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Literal

from safetensors.torch import save as to_bytes
from torch import Tensor, nn

from striate.core.errors import DataError, DoesNotApply, UnknownName
from striate.core.files import write_bytes
from striate.layers.network import Network
from striate.zoo.catalog import MODELS
from striate.zoo.heads import score_layers
from striate.zoo.locate import locate
from striate.zoo.options import Layouts, Renames
from striate.zoo.reading import named_tensors, read
from striate.zoo.renaming import layouts_for, names_there, rename

Head = Literal["auto", "keep", "drop"]
OWN = "striate"  # the layout of our own names
_COUNTERS = ".num_batches_tracked"  # batch norm's counters: older files have none, and inference needs none
_RESHAPED = {f"timm:{name}" for name in MODELS if name.startswith("vgg")}  # their fully connected layers convolve
_SHOWN = 3  # names of a kind in a message


@dataclass(frozen=True)
class Taken:
    """What became of a file of weights.

    Args:
        layout: whose names it uses.
        left: layers that kept the values they were drawn with.
        classes: how many scores the network in the file gives, where a layer was left for it.
    """

    layout: str
    left: tuple[str, ...] = ()
    classes: int | None = None


def load(network: nn.Module, name: str | Path, *, layout: str | None = None, head: Head = "keep") -> str:
    """Load weights into `network`; every name and shape must agree.

    Args:
        network: changed in place; left exactly as it was if anything is wrong.
        name: a .safetensors, .pth, .pt, .th or .npz file, its address on the web, `torchvision:NAME` or `timm:NAME`.
        layout: whose names the file uses, as `akamaster:resnet20`; by default the one that fits.
        head: of the layers that give the scores, and of nothing else, keep: they must agree too; drop: they stay as
            they were drawn; auto: they do where the file has another number of classes.

    Returns:
        The layout that fitted.

    Raises:
        DataError: no such file, it cannot be fetched, is damaged, holds code, or does not fit; the names concerned are
            given.
        UnknownName: no such known weights, or no such layout for this network.
    """
    state = read(locate(str(name)).path)
    return take(network, state, layout=layout, source=str(name), head=head).layout


def load_state(
    network: nn.Module,
    state: Mapping[str, Any],
    *,
    layout: str | None = None,
    source: str = "the state dict",
    head: Head = "keep",
) -> str:
    """Load named tensors into `network`, as `load` does from a file; `source` names them in messages."""
    return take(network, state, layout=layout, source=source, head=head).layout


def take(
    network: nn.Module,
    state: Mapping[str, Any],
    *,
    layout: str | None = None,
    source: str = "the state dict",
    head: Head = "keep",
) -> Taken:
    """Load named tensors into `network`, as `load_state` does, and return what became of them."""
    expected = network.state_dict()
    if any(tensor.is_meta for tensor in expected.values()):
        raise DoesNotApply("the network is on the meta device, where weights have no values: create it on another")
    tensors = named_tensors(state, source, expected)
    misfits = {}
    for name, renames in _candidates(network, layout).items():
        renamed = _renamed(tensors, renames, expected)
        misfits[name] = Misfit(expected, renamed)
        left = _left(network, misfits[name], head)
        kept = {key: tensor for key, tensor in renamed.items() if not key.startswith(tuple(f"{x}." for x in left))}
        if kept and not misfits[name].beside(left):
            network.load_state_dict({**expected, **kept})  # casts to the network's own precision
            return Taken(name, left, _classes(renamed, left))
    nearest = min(misfits, key=lambda name: misfits[name].count)
    raise DataError(
        f"{source} does not fit the network (read in the layout {nearest}): {misfits[nearest]}. Nothing was loaded. "
        f"{_remedy(network, misfits[nearest])}, or name the file's layout: {', '.join(layouts_of(network))}"
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
        self.unequal = {
            name: f"{name} is {_kind(given[name])} there, {_kind(tensor)} here"
            for name, tensor in expected.items()
            if name in given and _kind(given[name]) != _kind(tensor)
        }
        self.other_classes = {name for name in self.unequal if _rows_alone(given[name], expected[name])}

    @property
    def count(self) -> int:
        """How many names are wrong."""
        return len(self.missing) + len(self.unexpected) + len(self.unequal)

    def beside(self, layers: Sequence[str]) -> list[str]:
        """Return the names that are wrong and not of `layers`."""
        wrong = [*self.missing, *self.unexpected, *self.unequal]
        return [name for name in wrong if not name.startswith(tuple(f"{layer}." for layer in layers))]

    def __str__(self) -> str:
        kinds = {
            "missing": [_with_nearest(name, self.unexpected) for name in self.missing[:_SHOWN]],
            "unexpected": [_with_nearest(name, self.missing) for name in self.unexpected[:_SHOWN]],
            "of another shape": list(self.unequal.values())[:_SHOWN],
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


def layouts_of(network: nn.Module) -> Layouts:
    """Return the layouts of files that `network` can be loaded from, by name, ours first."""
    if not isinstance(network, Network) or network.config.get("name") not in MODELS:
        return {OWN: ()}
    model = network.config["name"]
    return {f"{OWN}:{model}": (), **layouts_for(model)}


def state_in(network: nn.Module, layout: str) -> dict[str, Tensor]:
    """Return the tensors of `network` by the names that others give them.

    Args:
        network: left as it is.
        layout: one of `layouts_of` the network, such as `torchvision:resnet50`.

    Raises:
        UnknownName: no such layout for this network.
        DoesNotApply: the layout differs in more than names.
    """
    state, renames = network.state_dict(), _candidates(network, layout)[layout]
    if layout in _RESHAPED:
        raise DoesNotApply(f"{layout} has convolutions where we have linear layers: choose another layout")
    return (
        {there: state[here].detach().cpu() for here, there in names_there(state, renames).items()} if renames else state
    )


def _candidates(network: nn.Module, layout: str | None) -> Layouts:
    layouts = layouts_of(network)
    if layout is None:
        return layouts
    if layout not in layouts:
        raise UnknownName("layout for this network", layout, layouts)
    return {layout: layouts[layout]}


def _left(network: nn.Module, misfit: Misfit, head: Head) -> tuple[str, ...]:
    """Return the layers that are to keep their drawn values."""
    if head == "keep" or (head == "auto" and not misfit.other_classes):
        return ()
    layers = score_layers(network)
    if head == "drop":
        return layers
    return tuple(layer for layer in layers if any(name.startswith(f"{layer}.") for name in misfit.other_classes))


def _classes(renamed: Mapping[str, Tensor], left: Sequence[str]) -> int | None:
    return next((len(renamed[name]) for layer in left for name in renamed if name.startswith(f"{layer}.")), None)


def _remedy(network: nn.Module, misfit: Misfit) -> str:
    """Say what to do about the commonest causes."""
    wrong = [*misfit.missing, *misfit.unexpected, *misfit.unequal]
    config = network.config if isinstance(network, Network) else {}
    if all(name.startswith("auxiliary.") for name in [*misfit.missing, *misfit.unequal]) and misfit.missing:
        return "The file has no auxiliary heads: create the network without, by options.auxiliary=off"
    if config.get("stem", "published") != "published" and any(name.startswith("stem.") for name in misfit.unequal):
        return "The network has the stem for small pictures: create it with options.stem=published"
    if isinstance(network, Network) and wrong and not misfit.beside(score_layers(network)):
        return (
            "Only what gives the scores differs: are its classes others? In a training, weights_head=drop leaves it out"
        )
    return "Create the network that the file is of (num_classes, in_channels, image_size, options)"


def _rows_alone(given: Tensor, expected: Tensor) -> bool:
    return given.dim() > 0 and given.shape[1:] == expected.shape[1:] and given.shape[0] != expected.shape[0]


def _renamed(tensors: Mapping[str, Tensor], renames: Renames, expected: Mapping[str, Tensor]) -> dict[str, Tensor]:
    renamed: dict[str, Tensor] = {}
    for name, tensor in tensors.items():
        new = rename(name, renames)
        if new in renamed:
            new = f"{new} (a second time)"
        renamed[new] = _unrolled(tensor, expected[new]) if new in expected else tensor
    return renamed


def _unrolled(tensor: Tensor, expected: Tensor) -> Tensor:
    """Return a convolution over all of its input as the linear layer on its values that it is, or the reverse."""
    if {tensor.dim(), expected.dim()} != {2, 4} or tensor[0].numel() != expected[0].numel():
        return tensor
    return tensor.reshape(len(tensor), *expected.shape[1:])
