"""The whole zoo in one picture: year against parameters, each network a circle whose area is its MACs.

Written as SVG by hand, not by matplotlib, so that the file is the same on every machine and a test can compare it.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from html import escape
from itertools import groupby

from striate.zoo.catalog import MODELS, Row

WIDTH, HEIGHT = 1280, 640
LEFT, RIGHT, TOP, BOTTOM = 62, 1264, 46, 530  # of the field in which the circles lie
LEAST, MOST = 1e3, 4e8  # parameters, the ends of the vertical axis
INK, MUTED, RULE, PAPER, SMALL, LARGE = "#1d2127", "#5f6671", "#dedcd5", "#fefefd", "#1f5fa9", "#a55c0b"
FONT = 11  # pixels
CHARACTER = 0.58 * FONT  # the mean width of one, a little too wide rather than too narrow

Box = tuple[float, float, float, float]  # left, top, right, bottom


@dataclass(frozen=True)
class Spot:
    """One network's circle."""

    row: Row
    x: float
    y: float
    radius: float

    @property
    def box(self) -> Box:
        """The square around the circle."""
        return self.x - self.radius, self.y - self.radius, self.x + self.radius, self.y + self.radius


def lineage() -> str:
    """Return the picture as an SVG document."""
    lanes = _lanes()
    spots = [spot for x, rows in lanes for spot in _circles(x, rows)]
    described = f"Year against parameters of {len(spots)} networks"
    fonts = "DejaVu Sans, Helvetica, Arial, sans-serif"
    look = f'font-family="{fonts}" font-size="{FONT}" role="img" aria-label="{described}"'
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" {look}>',
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="{PAPER}"/>',
        *_axis(),
        *_years(lanes),
        *(_circle(spot) for spot in sorted(spots, key=lambda spot: -spot.radius)),
        *_labels(spots),
        *_legend(),
        "</svg>",
    ]
    return "\n".join(parts) + "\n"


def _lanes() -> list[tuple[float, list[Row]]]:
    """Return, in order of time, where the networks of one year, family and kind of picture stand."""
    place = {family: number for number, family in enumerate(dict.fromkeys(row.family for row in MODELS.values()))}
    rows = sorted(MODELS.values(), key=lambda row: (row.year, place[row.family], _is_large(row)))
    lanes = [list(lane) for _, lane in groupby(rows, key=lambda row: (row.year, row.family, _is_large(row)))]
    widths = [2 * max(map(_radius, lane)) + 40 for lane in lanes]
    stretch = (RIGHT - LEFT) / sum(widths)
    centers = [sum(widths[:number]) + width / 2 for number, width in enumerate(widths)]
    return [(LEFT + stretch * center, lane) for center, lane in zip(centers, lanes, strict=True)]


def _is_large(row: Row) -> bool:
    return max(row.image_size) > 64


def _radius(row: Row) -> float:
    return max(2.5, 23 * math.sqrt(row.macs / 2e10))


def _height(parameters: float) -> float:
    part = math.log(parameters / LEAST) / math.log(MOST / LEAST)
    return BOTTOM - part * (BOTTOM - TOP)


def _circles(x: float, rows: Iterable[Row]) -> Iterator[Spot]:
    for row in rows:
        yield Spot(row, x, _height(row.parameters), _radius(row))


def _axis() -> Iterator[str]:
    for power, said in ((3, "1k"), (4, "10k"), (5, "100k"), (6, "1M"), (7, "10M"), (8, "100M")):
        y = _height(10.0**power)
        yield f'<path d="M{LEFT} {y:.1f}H{RIGHT}" stroke="{RULE}"/>'
        yield _text(LEFT - 8, y + 4, said, anchor="end", color=MUTED)
    yield _text(LEFT - 8, TOP - 22, "parameters", color=MUTED)


def _years(lanes: Sequence[tuple[float, list[Row]]]) -> Iterator[str]:
    for year, group in groupby(lanes, key=lambda lane: lane[1][0].year):
        members = list(group)
        first, last = members[0][0], members[-1][0]
        yield f'<path d="M{first - 12:.1f} {BOTTOM + 6}H{last + 12:.1f}" stroke="{MUTED}"/>'
        yield _text((first + last) / 2, BOTTOM + 20, str(year), anchor="middle")
        for x, rows in members:
            turned = f' transform="rotate(-45 {x + 4:.1f} {BOTTOM + 34})"'
            yield _text(x + 4, BOTTOM + 34, rows[0].family, anchor="end", color=MUTED, more=turned)


def _circle(spot: Spot) -> str:
    color = LARGE if _is_large(spot.row) else SMALL
    return (
        f'<circle cx="{spot.x:.1f}" cy="{spot.y:.1f}" r="{spot.radius:.1f}" fill="{color}" fill-opacity=".35" '
        f'stroke="{color}"><title>{escape(spot.row.name)}</title></circle>'
    )


def _labels(spots: Sequence[Spot]) -> Iterator[str]:
    """Name the networks where there is room: of each family first the smallest and the largest, then the others."""
    taken = [spot.box for spot in spots]
    for spot in sorted(spots, key=lambda spot: _rank(spot, spots)):
        for x, anchor, box in _places(spot):
            if not any(_overlap(box, other) for other in taken):
                taken.append(box)
                yield _text(x, (box[1] + box[3]) / 2 + 4, spot.row.name, anchor=anchor)
                break


def _rank(spot: Spot, spots: Sequence[Spot]) -> tuple[int, float]:
    family = sorted(other.row.parameters for other in spots if other.x == spot.x)
    return (0 if spot.row.parameters in {family[0], family[-1]} else 1, -spot.radius)


def _places(spot: Spot) -> Iterator[tuple[float, str, Box]]:
    wide, half, away = CHARACTER * len(spot.row.name), FONT / 2, spot.radius + 3
    for rise in (0.0, -half, half, -FONT, FONT):
        for x, anchor, left in ((spot.x + away, "start", 0.0), (spot.x - away, "end", -wide)):
            box = (x + left, spot.y + rise - half, x + left + wide, spot.y + rise + half)
            if box[0] >= LEFT and box[2] <= WIDTH:
                yield x, anchor, box
    for y in (spot.y - away - half, spot.y + away + half):
        yield spot.x, "middle", (spot.x - wide / 2, y - half, spot.x + wide / 2, y + half)


def _overlap(one: Box, other: Box) -> bool:
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]


def _legend() -> Iterator[str]:
    x = LEFT + 80.0
    for color, said in ((SMALL, "for pictures of up to 64 pixels"), (LARGE, "for larger ones")):
        yield f'<circle cx="{x:.1f}" cy="{TOP - 26}" r="5" fill="{color}" fill-opacity=".35" stroke="{color}"/>'
        yield _text(x + 10, TOP - 22, said, color=MUTED)
        x += 24 + 0.9 * CHARACTER * len(said)
    said = "area: multiply-accumulates of one picture (the smallest circles: 240 million or fewer)"
    yield _text(x, TOP - 22, said, color=MUTED)


def _text(x: float, y: float, said: str, *, anchor: str = "start", color: str = INK, more: str = "") -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" fill="{color}"{more}>{escape(said)}</text>'
