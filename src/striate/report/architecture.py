"""A network's structure as a picture: its stem, stages and head as blocks, drawn from what really runs.

A block is as high as its maps and as wide as their number, both on a logarithmic scale; lines part the blocks of a
stage. Below stand its shape and its share of the network's parameters and arithmetic, and below all, layer by layer,
what the last block of the middle stage is made of. The picture is SVG text that depends on the network alone: the same
network, the same bytes.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from html import escape
from math import log2

from striate.inside.phantom import of_model
from striate.inside.summary import Layer, Summary, summarize
from striate.report.block import MARGIN, panel, text
from striate.report.figures import AMBER, BLUE, BRICK, INK, MUTED, PAPER, RULE
from striate.zoo.catalog import MODELS
from striate.zoo.published import PUBLISHED

_COLUMN, _GAP = 118, 12  # pixels: of a block with its labels, between two
_TOP, _TALLEST = 60, 128  # below the title; of the front of the highest block
_SLANT = 0.22  # a block's depth, as a part of its height
_FLOOR = _TOP + round(_TALLEST * (1 + _SLANT))  # where the blocks stand
_BAR = 92
_COLORS = {"picture": MUTED, "stem": AMBER, "head": BRICK}


@dataclass(frozen=True)
class _Block:
    title: str
    kind: str
    output: tuple[int, ...]
    color: str
    parts: int = 1
    costs: tuple[tuple[int, float], ...] = ()  # parameters and multiply-accumulates, each with its share of all


def picture(name: str) -> str:
    """Return the SVG of the network `name` of the zoo, as published."""
    row = MODELS[name]
    network = of_model(name)
    return architecture(summarize(network, (row.in_channels, *row.image_size)), name)


def representative(family: str) -> str:
    """Return the variant that a family's picture shows: that of its own name, or the one of least work."""
    rows = [row for row in MODELS.values() if row.family == family]
    namesakes = [row for row in rows if row.name.startswith(family)] or rows
    return min((row.name != family, row.macs, row.name not in PUBLISHED, row.name) for row in namesakes)[-1]


def architecture(summary: Summary, title: str) -> str:
    """Return the structure as one SVG element, 130 pixels wide a block, 340 high and as much as its layers need.

    Args:
        summary: of the network.
        title: what stands above it.
    """
    blocks = list(_blocks(summary))
    inside, width_inside, height_inside = panel(summary, _FLOOR + 124)
    width = max(2 * MARGIN + len(blocks) * (_COLUMN + _GAP) - _GAP, width_inside)
    height = _FLOOR + 124 + height_inside
    scale = max(log2(max(block.output[1:], default=2)) for block in blocks)
    whole = summary.network
    numbers = f"{_short(whole.parameters)} parameters, {_short(whole.macs)} multiply-accumulates"
    parts = [
        text(MARGIN, 26, title, size=16, weight="bold"),
        text(MARGIN, 44, numbers, color=MUTED),
        *(line for number, block in enumerate(blocks) for line in _drawn(block, number, scale)),
        *(_arrow(MARGIN + number * (_COLUMN + _GAP) - _GAP / 2) for number in range(1, len(blocks))),
        *inside,
    ]
    described = f"{title}: " + ", ".join(f"{block.title} {_shape(block.output)}" for block in blocks)
    opening = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}" '
        f'role="img" aria-label="{escape(described)}" font-family="DejaVu Sans, Helvetica, Arial, sans-serif">'
    )
    paper = f'<rect width="{width}" height="{height}" rx="8" fill="{PAPER}"/>'
    return "\n".join([opening, paper, *parts, "</svg>", ""])


def _blocks(summary: Summary) -> Iterator[_Block]:
    yield _Block("picture", "", summary.shape, _COLORS["picture"])
    whole = summary.network
    for layer in summary.unfolded(1):
        if layer.kind == "Identity":
            continue
        yield _Block(
            layer.name,
            layer.kind,
            layer.output,
            _COLORS.get(layer.name, BLUE),
            _repeats(summary, layer),
            (
                (layer.parameters, layer.parameters / max(1, whole.parameters)),
                (layer.macs, layer.macs / max(1, whole.macs)),
            ),
        )


def _repeats(summary: Summary, layer: Layer) -> int:
    """Return how many parts of a layer compute; of a part that is a row of equal ones, as a dense block, those."""
    parts = _inside(summary, layer)
    rows = [_inside(summary, part) for part in parts]
    return max(1, sum(len(row) if len(row) > 4 and len({one.kind for one in row}) == 1 else 1 for row in rows))


def _inside(summary: Summary, layer: Layer) -> list[Layer]:
    below = (part for part in summary.layers if part.level == layer.level + 1 and part.macs)
    return [part for part in below if part.name.startswith(f"{layer.name}.")]


def _drawn(block: _Block, number: int, scale: float) -> Iterator[str]:
    left = MARGIN + number * (_COLUMN + _GAP)
    center = left + _COLUMN / 2
    yield from _cuboid(block, center, scale)
    yield text(center, _FLOOR + 18, block.title, weight="bold", anchor="middle")
    yield text(center, _FLOOR + 34, _shape(block.output), anchor="middle")
    yield text(center, _FLOOR + 49, _fitting(block.kind), size=10, color=MUTED, anchor="middle")
    for place, what in enumerate(("parameters", "MACs")):
        height = _FLOOR + 68 + place * 25
        if block.costs:
            yield from _bar(center - _BAR / 2, height, *block.costs[place])
        else:
            yield text(left + _COLUMN, height + 10, what, size=10, color=MUTED, anchor="end")


def _cuboid(block: _Block, center: float, scale: float) -> Iterator[str]:
    channels, side, floor = block.output[0], max((1, *block.output[1:])), _FLOOR
    high = 8 + (_TALLEST - 8) * log2(side) / scale
    wide = 10 + 5.2 * log2(max(1, channels))
    slant = high * _SLANT
    left, top = center - (wide + slant) / 2, floor - high
    right = left + wide
    yield _polygon([(left, top), (left + slant, top - slant), (right + slant, top - slant), (right, top)], block, 0.35)
    side_face = [(right, top), (right + slant, top - slant), (right + slant, floor - slant), (right, floor)]
    yield _polygon(side_face, block, 0.75)
    yield _polygon([(left, top), (right, top), (right, floor), (left, floor)], block, 0.55)
    for part in range(1, min(block.parts, 48)):
        x = left + wide * part / min(block.parts, 48)
        yield (
            f'<path d="M{x:.1f} {floor:.1f}V{top:.1f}l{slant:.1f} {-slant:.1f}" fill="none" '
            f'stroke="{block.color}" stroke-width="0.6" stroke-opacity="0.6"/>'
        )


def _polygon(corners: list[tuple[float, float]], block: _Block, opacity: float) -> str:
    points = " ".join(f"{x:.1f},{y:.1f}" for x, y in corners)
    return (
        f'<polygon points="{points}" fill="{block.color}" fill-opacity="{opacity}" stroke="{block.color}" '
        'stroke-width="1" stroke-linejoin="round"/>'
    )


def _arrow(x: float) -> str:
    return f'<path d="M{x - 6:.1f} {_FLOOR + 14}h12m-4 -4l4 4l-4 4" fill="none" stroke="{MUTED}" stroke-width="1.2"/>'


def _bar(x: float, y: float, count: int, share: float) -> Iterator[str]:
    yield f'<rect x="{x:.1f}" y="{y:.1f}" width="{_BAR}" height="4" rx="2" fill="{RULE}"/>'
    if share > 0:
        yield f'<rect x="{x:.1f}" y="{y:.1f}" width="{max(2.0, _BAR * share):.1f}" height="4" rx="2" fill="{INK}"/>'
    yield text(x, y + 15, _short(count), size=10, color=MUTED)
    yield text(x + _BAR, y + 15, f"{share:.0%}".replace("%", " %"), size=10, color=MUTED, anchor="end")


def _fitting(text: str, most: int = 21) -> str:
    if len(text) <= most:
        return text
    words = text.split(", ")
    return f"{len(words)} layers" if len(words) > 1 else text[: most - 1] + "…"


def _shape(shape: tuple[int, ...]) -> str:
    return " \N{MULTIPLICATION SIGN} ".join(map(str, shape))


def _short(count: int) -> str:
    for unit, size in (("G", 10**9), ("M", 10**6), ("k", 10**3)):
        if count >= size:
            return f"{count / size:.3g} {unit}"
    return str(count)
