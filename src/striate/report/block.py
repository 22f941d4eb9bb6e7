"""What a block of a network is made of, as a picture: a row of layers for each of its paths, from the summary alone."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape

from striate.inside.summary import Layer, Summary
from striate.report.figures import AMBER, BLUE, INK, MUTED

MARGIN = 18  # pixels around all
_ROW, _HIGH, _LETTER, _GAP = 24, 17, 5.9, 5  # pixels: from row to row; of a layer's box, of a letter, between boxes
_MOST = 8  # rows; a block of more paths is no block
_NAMES = {"BatchNorm2d": "BN", "BatchNorm1d": "BN", "LocalResponseNorm": "LRN", "Identity": "as it is"}


def panel(summary: Summary, top: float) -> tuple[list[str], float, float]:
    """Return the last block of the middle stage as SVG elements from `top` on, their width, and their height.

    Nothing, of no size, for networks whose stages are single layers or have no blocks.
    """
    block = _block(summary)
    if block is None:
        return [], 0, 0
    rows = [(row.name.removeprefix(block.name).lstrip("."), _leaves(summary, row)) for row in _rows(summary, block)]
    left = MARGIN + max(_wide(name) + _GAP * bool(name) for name, _ in rows)
    parts = [text(MARGIN, top + 8, f"inside {block.name}: {block.kind}", weight="bold")]
    widest = 0.0
    for number, (name, leaves) in enumerate(rows):
        y = top + 20 + number * _ROW
        parts.append(text(MARGIN, y + 12, name, size=10, color=MUTED))
        x = left
        for leaf in leaves:
            said = _said(leaf)
            wide = _wide(said) + 10
            parts += _box(x, y, wide, leaf, said)
            x += wide + _GAP
        widest = max(widest, x)
    return parts, widest + MARGIN - _GAP, 26 + len(rows) * _ROW


def text(
    x: float, y: float, text: str, *, size: int = 12, color: str = INK, weight: str = "normal", anchor: str = "start"
) -> str:
    """Return words at a place, of this size, as an SVG element."""
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size}" fill="{color}" font-weight="{weight}" '
        f'text-anchor="{anchor}">{escape(text)}</text>'
    )


def _block(summary: Summary) -> Layer | None:
    """Return what the middle stage repeats last, or the stage itself where that is layers in a row; None where one."""
    stages = [layer for layer in summary.unfolded(1) if layer.name.startswith("stages.")]
    block = stages[len(stages) // 2] if stages else None
    while block is not None:
        inner = [part for part in _parts(summary, block) if _parts(summary, part)]
        if not inner or (_is_class(block) and len(inner) <= _MOST):
            return block if _parts(summary, block) else None
        block = inner[-1]
    return None


def _rows(summary: Summary, layer: Layer) -> Iterator[Layer]:
    """Yield what gets a row of its own: each part of a module of its own kind; layers in a row share one."""
    parts = _parts(summary, layer) if _is_class(layer) else []
    for part in parts:
        yield from _rows(summary, part)
    if not parts:
        yield layer


def _leaves(summary: Summary, layer: Layer) -> list[Layer]:
    parts = _parts(summary, layer)
    return [leaf for part in parts for leaf in _leaves(summary, part)] if parts else [layer]


def _parts(summary: Summary, layer: Layer) -> list[Layer]:
    below = (part for part in summary.layers if part.level == layer.level + 1)
    return [part for part in below if part.name.startswith(f"{layer.name}.")]


def _is_class(layer: Layer) -> bool:
    """Say whether a layer is a module of its own kind, and not layers in a row, whose kind lists them."""
    return layer.kind.isidentifier() and layer.kind != "Sequential"


def _said(layer: Layer) -> str:
    """Return a layer in a few letters: windows and channels of what is learned, windows of poolings."""
    kind, _, window = layer.kind.partition(" ")
    if kind.endswith(("Conv2d", "Linear")):
        return ", ".join(part for part in (window or kind, str(layer.output[0])) if part)
    if "Pool" in kind:
        return f"{'max' if kind.startswith('Max') else 'mean'} {window}".strip()
    return _NAMES.get(kind, kind)


def _box(x: float, y: float, wide: float, layer: Layer, said: str) -> Iterator[str]:
    color = BLUE if layer.macs else AMBER if "Pool" in layer.kind else MUTED
    yield (
        f'<rect x="{x:.1f}" y="{y:.1f}" width="{wide:.1f}" height="{_HIGH}" rx="3" fill="{color}" fill-opacity="0.16" '
        f'stroke="{color}" stroke-width="0.8"/>'
    )
    yield text(x + wide / 2, y + 12, said, size=10, anchor="middle")


def _wide(said: str) -> float:
    return len(said) * _LETTER
