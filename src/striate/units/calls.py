"""The Python call behind each thing that a page shows, ready to run."""

from __future__ import annotations

from pathlib import Path

from striate.units.looking import Looking, Wish
from striate.units.study import LayerStudy

UNIT = "{unit}"  # where the script of the pages writes the number of the unit


def opened(path: Path, data: str | None, wish: Wish) -> str:
    """Return the call that opens what the pages show: the study is read where it was kept, else made again."""
    chosen = {name: value for name, value in vars(wish).items() if value != getattr(Wish, name, None)}
    root = chosen.get("data_root")
    if root is not None:
        chosen["data_root"] = str(Path(root).resolve())
    options = ", ".join(f"{name}={value!r}" for name, value in chosen.items())
    given = None if data is None else str(Path(data).resolve()) if Path(data).exists() else data
    return (
        "from pathlib import Path\n\n"
        "from striate.units.looking import Wish\n"
        "from striate.units.of_run import open_looking\n\n"
        f"looking = open_looking(Path({str(path.resolve())!r}), {given!r}, Wish({options}))"
    )


def of_unit(looking: Looking, found: LayerStudy, *, projected: bool, made: bool, weights: bool) -> str:
    """Return the calls behind the page of a unit.

    Args:
        looking: what the page shows.
        found: of the unit's layer.
        projected: whether its patches are projected to the pixels.
        made: whether there is a picture that excites it.
        weights: whether its weights are drawn.
    """
    layer = repr(found.layer.name)
    said = [
        looking.call,
        f"found = looking.study[{layer}]",
        f"rows = found.top_rows[{UNIT}][found.top_rows[{UNIT}] >= 0]",
        f"print(rows, found.top_places[{UNIT}], found.top_values[{UNIT}], found.quantiles[{UNIT}])",
        f"print(found.histogram[{UNIT}], found.edges({UNIT}), found.class_maxima[{UNIT}], found.correlation)",
        "network, preprocess = looking.recognizer.network, looking.recognizer.preprocess",
    ]
    if projected:
        said += [
            "\nfrom striate.inside.projection import project",
            f"places = found.top_places[{UNIT}][: len(rows)]",
            f"project(network, looking.images(rows), {layer}, [{UNIT}] * len(rows), places, {looking.rule!r})",
        ]
    if made:
        said += [
            "\nfrom striate.units.maximization import maximize",
            f"maximize(network, preprocess, {layer}, [{UNIT}])",
        ]
    shape = "(preprocess.channels, *preprocess.size)"
    if weights:
        said += ["\nfrom striate.units.filters import filters", f"filters(network, {shape}, {layer}).row({UNIT})"]
    said += [
        "\nfrom striate.units.connections import connections",
        f"connections(network, {shape}, {layer}, [{UNIT}])",
    ]
    return "\n".join(said)


def of_picture(looking: Looking, row: int) -> str:
    """Return the call behind the page of a picture."""
    return (
        f"{looking.call}\n\n"
        "from striate.units.feature_maps import feature_maps\n\n"
        f"way = feature_maps(looking.recognizer.network, looking.images([{row}])[0], looking.study.names)\n"
        "print([(maps.layer.name, maps.values.shape) for maps in way.layers], way.scores)"
    )
