"""A network in numbers, layer by layer: what each is, gives, costs, keeps in memory, and sees of the picture."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from torch import nn

from striate.inside.arithmetic import macs
from striate.inside.fields import Unknown
from striate.inside.geometry import Geometry, geometries
from striate.inside.memory import Memory, training_memory
from striate.inside.tracing import Answer, Trace, tensors, trace


@dataclass(frozen=True)
class Layer:
    """One module that ran, with all that is in it.

    Args:
        name: in the network, as `stages.0.1.conv1`; "" for the network itself.
        kind: what it is, in a few words.
        level: how many modules that ran it is in; 0 for the network itself.
        calls: how often it was called.
        output: the shape of what it gave last, without the batch.
        parameters: trainable ones, each counted at its first place.
        macs: multiply-accumulates for one picture.
        activations: bytes that a training step keeps of it for the backward pass.
        geometry: what its units see of the picture.
        rest: of parameters, macs and activations, what is in none of the layers in it.
    """

    name: str
    kind: str
    level: int
    calls: int
    output: tuple[int, ...]
    parameters: int
    macs: int
    activations: int
    geometry: Geometry | Unknown
    rest: tuple[int, int, int]


@dataclass(frozen=True)
class Summary:
    """All layers of a network, each before those in it.

    Args:
        shape: of one picture, (C, H, W).
        layers: the network itself first.
        memory: of a training step; None where it was not asked for.
        frozen: parameters that are read and not trained.
        unread: parameters that evaluation does not read, as those of auxiliary heads, by part of the network.
        notes: what was adapted to the pictures and classes.
    """

    shape: tuple[int, int, int]
    layers: tuple[Layer, ...]
    memory: Memory | None
    frozen: int
    unread: dict[str, int]
    notes: tuple[str, ...]

    @property
    def network(self) -> Layer:
        """The network as one layer."""
        return self.layers[0]

    def unfolded(self, depth: int) -> list[Layer]:
        """Return the layers that are in at most `depth` modules, without the network itself."""
        return [layer for layer in self.layers if 0 < layer.level <= depth]


def summarize(network: nn.Module, shape: Sequence[int], *, batch: int | None = None, optimizer: str = "sgd") -> Summary:
    """Return `network` in numbers; nothing is computed or allocated, and it is left as it is.

    Args:
        network: any module that takes one batch of pictures.
        shape: of one picture, (C, H, W).
        batch: pictures in a training step, whose memory is to be told; None to leave that out.
        optimizer: of that step; a name of `memory.STATE`.

    Raises:
        DoesNotApply: the network cannot take such pictures.
    """
    traced = trace(network, shape)
    memory = None if batch is None else training_memory(traced.network, shape, batch=batch, optimizer=optimizer)
    own = _own(traced, memory)
    outputs, calls = _outputs(traced)
    seen = geometries(traced)
    channels, height, width = shape
    frozen, unread = _unused(traced)
    return Summary(
        (channels, height, width),
        tuple(_layers(traced.network, own, outputs, calls, seen)),
        memory,
        frozen,
        unread,
        tuple(getattr(network, "notes", ())),
    )


Numbers = dict[str, list[int]]  # parameters, multiply-accumulates and kept bytes by module


def _own(traced: Trace, memory: Memory | None) -> Numbers:
    """Return what is in each module and in none of the modules in it."""
    own: Numbers = {}
    read = _read(traced)
    for name, parameter in traced.network.named_parameters():
        if parameter.requires_grad and id(parameter) in read:
            own.setdefault(name.rpartition(".")[0], [0, 0, 0])[0] += parameter.numel()
    for call in traced.calls:
        own.setdefault(call.module, [0, 0, 0])[1] += macs(call, traced.network)
    for name, kept in (memory.activations if memory else {}).items():
        own.setdefault(name, [0, 0, 0])[2] += kept
    return own


def _outputs(traced: Trace) -> tuple[dict[str, tuple[int, ...]], dict[str, int]]:
    outputs, calls = {"": _shape(traced.scores)}, {"": 1}
    for event in traced.events:
        if isinstance(event, Answer):
            outputs[event.module] = _shape(event.result)
            calls[event.module] = calls.get(event.module, 0) + (event.module != "")
    return outputs, calls


def _shape(result: Any) -> tuple[int, ...]:
    first = next(tensors(result), None)
    return () if first is None else tuple(first.shape[1:])


def _layers(
    network: nn.Module,
    own: Numbers,
    outputs: dict[str, tuple[int, ...]],
    calls: dict[str, int],
    seen: dict[str, Geometry | Unknown],
) -> Iterator[Layer]:
    sums, parents = _sums(own, outputs)
    inner: dict[str, list[str]] = {}
    for name, parent in parents.items():
        inner.setdefault(parent, []).append(name)
    levels = {"": 0}
    for name, module in network.named_modules():
        if name not in outputs:
            continue
        if name:
            levels[name] = levels[parents[name]] + 1
        parameters, products, kept = sums[name]
        inside = [sums[child] for child in inner.get(name, ())]
        rest = tuple(whole - sum(parts) for whole, parts in zip(sums[name], zip(*inside, strict=True), strict=False))
        kind = _kind(module, [network.get_submodule(child) for child in inner.get(name, ())])
        yield Layer(
            name, kind, levels[name], calls[name], outputs[name], parameters, products, kept,
            seen.get(name, Unknown("it gave no tensor")), (rest[0], rest[1], rest[2]) if inside else (0, 0, 0),
        )  # fmt: skip


def _sums(own: Numbers, ran: dict[str, tuple[int, ...]]) -> tuple[Numbers, dict[str, str]]:
    """Return what is in each module that ran, with all in it; and the module that ran that each is in."""
    sums: Numbers = {name: [0, 0, 0] for name in ran}
    for name, numbers in own.items():
        for place in _upwards(name):
            if place in sums:
                sums[place] = [old + new for old, new in zip(sums[place], numbers, strict=True)]
    parents = {name: next(place for place in _upwards(name) if place != name and place in ran) for name in ran if name}
    return sums, parents


def _upwards(name: str) -> Iterator[str]:
    """Yield the module's name, that of the module it is in, and so on to ""."""
    while name:
        yield name
        name = name.rpartition(".")[0]
    yield ""


def _read(traced: Trace) -> set[int]:
    return {id(tensor) for call in traced.calls for tensor in tensors([call.arguments, call.options])}


def _unused(traced: Trace) -> tuple[int, dict[str, int]]:
    """Return how many parameters are read and frozen; and how many are not read, by the part they are in."""
    read, frozen, unread = _read(traced), 0, dict[str, int]()
    for name, parameter in traced.network.named_parameters():
        if id(parameter) not in read:
            part = name.partition(".")[0]
            unread[part] = unread.get(part, 0) + parameter.numel()
        elif not parameter.requires_grad:
            frozen += parameter.numel()
    return frozen, unread


def _kind(module: nn.Module, inside: Sequence[nn.Module]) -> str:
    """Say in a few words what a module is: its class and window, or what it is made of."""
    if inside and type(module) is nn.Sequential:
        kinds = [type(part).__name__ for part in inside]
        distinct = list(dict.fromkeys(kinds))
        if len(distinct) == 1:
            return distinct[0] if len(kinds) == 1 else f"{len(kinds)} x {distinct[0]}"
        return ", ".join(distinct) if len(kinds) <= 4 else f"{len(kinds)} layers"
    window = getattr(module, "kernel_size", None)
    if not isinstance(window, int | tuple):
        return type(module).__name__
    words = [type(module).__name__, _by(window, always=True)]
    for name in ("stride", "dilation", "groups"):
        value = _by(getattr(module, name, 1))
        words += [] if value == "1" else [f"{name} {value}"]
    return " ".join(words)


def _by(value: Any, *, always: bool = False) -> str:
    """Return 3 x 3 as 3x3; where equal numbers need not be said twice, as 3."""
    numbers = list(value) if isinstance(value, tuple | list) else [value, value]
    return str(numbers[0]) if len(set(numbers)) == 1 and not always else "x".join(map(str, numbers))
