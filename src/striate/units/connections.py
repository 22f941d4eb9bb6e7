"""The strongest inputs and outputs of a unit: which units it is made from, and which are made from it.

The strength of a link is the Euclidean norm of the kernel between two units, times what batch norm and trained
coefficients on the way multiply by, with the batch norm that follows the reading unit: how far that unit's normalized
value moves when the other moves by one at one place. It says what the weights allow, not how often it happens.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from striate.core.errors import DoesNotApply
from striate.inside.wiring import NAMED, PICTURE, Junction, Trail, Wiring, wiring


@dataclass(frozen=True)
class Link:
    """A unit that another is made from, or that is made from it.

    Args:
        layer: of the unit at the other end: a convolution or linear layer, or "picture".
        unit: its number; of the picture a channel.
        strength: at least 0; see the module.
        sign: the sum of the kernel with all scales: whether an even field of the one raises or lowers the other.
        skips: how many sums with other ways lie between: more than 0 where the link goes by a skip connection.
        reader: the layer whose kernel it is.
    """

    layer: str
    unit: int
    strength: float
    sign: float
    skips: int
    reader: str


@dataclass(frozen=True)
class Connections:
    """The links of one unit, the strongest first.

    Args:
        layer: its name.
        unit: its number.
        inputs: what it is made from.
        outputs: what is made from it.
        notes: what to know before believing them.
    """

    layer: str
    unit: int
    inputs: tuple[Link, ...]
    outputs: tuple[Link, ...]
    notes: tuple[str, ...]


def connections(
    network: nn.Module, shape: tuple[int, int, int], layer: str, units: Sequence[int], *, most: int = 10
) -> list[Connections]:
    """Return the strongest links of each of `units`, at most so many inputs and outputs.

    Args:
        network: left as it is; one picture of zeros runs through it.
        shape: of its pictures, (C, H, W).
        layer: any layer with units, also one without weights, as an activation or a block.
        units: their numbers.
        most: links each way.

    Raises:
        UnknownName: no such layer.
        DoesNotApply: the layer has no units, or not these.
    """
    wired = wiring(network, shape, layer)
    return [of_wiring(wired, unit, most=most) for unit in units]


def of_wiring(wired: Wiring, unit: int, *, most: int = 10) -> Connections:
    """Return the strongest links of one unit of the layer whose wiring this is."""
    if not 0 <= unit < wired.count:
        raise DoesNotApply(f"{wired.layer} has the units 0 to {wired.count - 1}, and not {unit}")
    inputs, outputs = (_strongest(found, most) for found in (_inputs(wired, unit), _outputs(wired, unit)))
    lost = f"links are not followed through {', '.join(wired.lost)}" if wired.lost else ""
    return Connections(wired.layer, unit, inputs, outputs, (lost,) if lost else ())


def _strongest(links: Iterator[Link], most: int) -> tuple[Link, ...]:
    return tuple(sorted(links, key=lambda link: (-link.strength, link.layer, link.unit))[:most])


def _inputs(wired: Wiring, unit: int) -> Iterator[Link]:
    """Yield every unit that the kernels of `unit` read; of a sum, those of each of its parts."""
    for trail in wired.trails:
        if trail.source < 0:
            continue
        place = int(_channels(trail.units)[unit])
        if place < 0:
            continue
        junction, scale = wired.junctions[trail.source], float(_channels(trail.scale)[unit])
        gain = float(junction.gain[place]) if scale == 1 else scale  # seen before its own batch norm, or behind it
        yield from _read(wired, junction, place, gain, trail.sums)


def _read(wired: Wiring, junction: Junction, output: int, gain: float, skips: int) -> Iterator[Link]:
    size, each = len(junction.weight) // junction.groups, junction.weight.shape[1]
    first = output // size * each
    row = gain * junction.weight[output].reshape(each, -1)
    for trail in junction.inputs:
        units, scale = (_channels(marks)[first : first + each] for marks in (trail.units, trail.scale))
        links = _summed(units, row * scale[:, None])
        name = _name(wired, trail)
        for unit, strength, sign in links:
            yield Link(name, unit, strength, sign, skips + trail.sums, junction.layer)


def _outputs(wired: Wiring, unit: int) -> Iterator[Link]:
    """Yield every unit of a later layer whose kernel reads `unit`."""
    for junction in wired.junctions:
        for trail in junction.inputs:
            if trail.source != NAMED:
                continue
            channels = (_channels(trail.units) == unit).nonzero().flatten()
            if len(channels):
                yield from _readers(junction, channels, _channels(trail.scale)[channels], trail.sums)


def _readers(junction: Junction, channels: Tensor, scale: Tensor, skips: int) -> Iterator[Link]:
    size, each = len(junction.weight) // junction.groups, junction.weight.shape[1]
    power, total = torch.zeros(2, len(junction.weight), dtype=torch.float64)
    reads = torch.zeros(len(junction.weight), dtype=torch.bool)
    for channel, factor in zip(channels.tolist(), scale.tolist(), strict=True):
        rows = slice(channel // each * size, (channel // each + 1) * size)
        kernel = factor * junction.gain[rows, None] * junction.weight[rows, channel % each].reshape(size, -1)
        power[rows] += kernel.square().sum(1)
        total[rows] += kernel.sum(1)
        reads[rows] = True
    for output in reads.nonzero().flatten().tolist():
        yield Link(junction.layer, output, float(power[output].sqrt()), float(total[output]), skips, junction.layer)


def _summed(units: Tensor, row: Tensor) -> Iterator[tuple[int, float, float]]:
    """Yield each unit with its strength and sign over all its inputs (I, places), as of a flattened map."""
    known = units >= 0
    found, number = torch.unique(units[known], return_inverse=True)
    nothing = torch.zeros(len(found), dtype=row.dtype)
    strength = nothing.index_add(0, number, row[known].square().sum(1)).sqrt()
    sign = nothing.index_add(0, number, row[known].sum(1))
    yield from zip(found.tolist(), strength.tolist(), sign.tolist(), strict=True)


def _channels(marks: Tensor) -> Tensor:
    """Return one mark a channel (C,): where places of a map differ, that of the first."""
    return marks.flatten(2)[0, :, 0] if marks.ndim > 2 else marks[0]


def _name(wired: Wiring, trail: Trail) -> str:
    if trail.source == PICTURE:
        return "picture"
    return wired.layer if trail.source == NAMED else wired.junctions[trail.source].layer
