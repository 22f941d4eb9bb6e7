"""How every figure looks, and how it reaches the disk as PNG and the page as SVG.

Figures are matplotlib's `Figure` objects; pyplot and its global state stay out. In the page their colors become
CSS variables, so the same figure is dark at night and prints sharp.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from html import escape
from io import BytesIO, StringIO
from pathlib import Path
from typing import Any

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine
from matplotlib.ticker import FuncFormatter

from striate.core import files
from striate.report.words import NARROW

INK, MUTED, RULE, PAPER = "#1d2127", "#5f6671", "#dedcd5", "#fefefd"
BLUE, AMBER, BRICK = "#1f5fa9", "#a55c0b", "#b5382a"  # training and right; validation; wrong
BAND = "#8d96a3"

_VARIABLES = {
    INK: "--ink",
    MUTED: "--muted",
    RULE: "--rule",
    PAPER: "--paper",
    BLUE: "--blue",
    AMBER: "--amber",
    BRICK: "--brick",
    BAND: "--band",
}
_STYLE: Any = {  # matplotlib's own type for it changes with its version
    "font.family": "DejaVu Sans",
    "font.size": 9.5,
    "text.parse_math": False,  # a class may be called $x$
    "text.color": INK,
    "axes.edgecolor": BAND,
    "axes.labelcolor": MUTED,
    "axes.facecolor": "none",
    "axes.titlelocation": "left",
    "axes.titlesize": 10.5,
    "axes.titleweight": "bold",
    "axes.titlepad": 9.0,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.spines.left": False,
    "axes.grid": True,
    "axes.grid.axis": "y",
    "axes.axisbelow": True,
    "grid.color": RULE,
    "grid.linewidth": 0.8,
    "xtick.color": MUTED,
    "ytick.color": MUTED,
    "ytick.left": False,
    "legend.frameon": False,
    "lines.linewidth": 1.6,
    "svg.fonttype": "none",
    "svg.hashsalt": "striate",
}
_DPI = 160


@contextmanager
def style() -> Iterator[None]:
    """Give every figure made or saved inside the look of the report."""
    with mpl.rc_context(_STYLE), warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph .* missing from font")  # emoji in a class name
        yield


def blank(width: float = 5.6, height: float = 3.1) -> Figure:
    """Return an empty figure, its size in inches."""
    layout = ConstrainedLayoutEngine(w_pad=0.08, h_pad=0.08)  # inches
    figure = Figure(figsize=(width, height), layout=layout, facecolor=PAPER)
    FigureCanvasAgg(figure)
    return figure


def legend_above(axes: Axes) -> None:
    """Put the legend in one line above the axes, at the right, where no data is."""
    columns = max(1, len(axes.lines))
    close = {"columnspacing": 0.8, "handletextpad": 0.4} if columns > 3 else {}  # or it would run into the title
    axes.legend(
        loc="lower right", bbox_to_anchor=(1.0, 1.0), ncols=columns, borderaxespad=0.2, handlelength=1.4, **close
    )


def in_percent(axes: Axes, which: str = "y") -> None:
    """Label an axis that counts from 0 to 1 in percent."""
    span = axes.yaxis if which == "y" else axes.xaxis
    span.set_major_formatter(FuncFormatter(lambda value, _: f"{round(value * 100, 4):g}{NARROW}%"))


def with_commas(axes: Axes) -> None:
    """Write the thousands of the horizontal axis as 12,000."""
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.0f}"))


def save_png(figure: Figure, path: Path) -> None:
    """Write `figure` to `path`; it is there whole or not at all."""
    buffer = BytesIO()
    with style():
        figure.savefig(buffer, format="png", dpi=_DPI)
    figure.set_layout_engine("none")  # it is laid out now, and stays so for the page
    files.write_bytes(path, buffer.getvalue())


def to_svg(figure: Figure, name: str, description: str) -> str:
    """Return `figure` as an SVG element for the page.

    Args:
        figure: drawn with the colors above.
        name: unique in the page; it prefixes the identifiers.
        description: what a reader who cannot see it is told.
    """
    buffer = StringIO()
    with style():
        figure.savefig(buffer, format="svg", transparent=True, metadata={"Date": None})
    text = buffer.getvalue()
    text = text[text.index("<svg") :]
    text = re.sub(r"<metadata>.*?</metadata>", "", text, flags=re.DOTALL)
    text = re.sub(r'\s(xmlns(:xlink)?|version|width|height)="[^"]*"', "", text, count=5)
    text = re.sub(r'\sid="(?:axes|figure|patch|line2d|text|matplotlib\.axis|[xy]tick|legend)_\d+"', "", text)
    text = re.sub(r'\bid="', f'id="{name}-', text)
    text = re.sub(r'(href="#|url\(#)', rf"\1{name}-", text)
    for color, variable in _VARIABLES.items():
        text = text.replace(color, f"var({variable})")
    text = re.sub(r"'?DejaVu Sans'?(, [^;\"]*)?", "var(--sans)", text)
    return text.replace("<svg", f'<svg role="img" aria-label="{escape(description)}"', 1).strip()
