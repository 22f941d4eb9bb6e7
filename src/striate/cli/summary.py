"""Show what a network's layers cost, keep in memory, and see of the picture."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

from typer import Argument, Option

import striate
from striate.cli.printing import document, say, table
from striate.core.errors import RecipeError

if TYPE_CHECKING:
    from striate.inside.fields import Unknown
    from striate.inside.geometry import Geometry
    from striate.inside.summary import Layer, Summary

EXAMPLES = (
    "striate summary resnet50",
    "striate summary resnet50 --depth 3",
    "striate summary googlenet --image-size 64 --num-classes 10 --batch-size 128",
    "striate summary densenet_bc_190_40 --set options.checkpointing=on --set optimizer.name=adam",
    "striate summary runs/photos --json",
)

_MIB = 2**20


def summary(
    model: Annotated[
        str,
        Argument(
            metavar="MODEL",
            help="A name from `striate models`, timm:NAME, package.module:function, or a run's directory.",
        ),
    ],
    image_size: Annotated[
        int | None, Option(metavar="PIXELS", help="The side of the pictures; by default the network's own.")
    ] = None,
    depth: Annotated[int, Option(metavar="N", help="Unfold so many levels of layers; 1: stem, stages, head.")] = 1,
    batch_size: Annotated[int, Option(metavar="N", help="Pictures in the training step whose memory is told.")] = 32,
    num_classes: Annotated[int | None, Option(metavar="N", help="How many classes there are to tell apart.")] = None,
    in_channels: Annotated[int | None, Option(metavar="N", help="1 for gray pictures, 3 for color.")] = None,
    settings: Annotated[
        list[str] | None,
        Option(
            "--set", metavar="FIELD=VALUE", help="options.FIELD of the network, or optimizer.name; may be repeated."
        ),
    ] = None,
    as_json: Annotated[bool, Option("--json", help="Print one JSON document with every layer.")] = False,
) -> None:
    """Show what a network's layers cost, keep in memory, and see of the picture.

    MACs are the multiply-accumulates of one picture in convolutions and matrix products. "kept" is what a training
    step keeps of a layer for its backward pass, in MiB. "field" is the side of what a unit sees of the picture, in
    pixels, were the picture without end; "all" where it is all of it. The unit in row y has its center at
    offset + stride * y, the first pixel having its own at 0. Two numbers: downwards x to the right.
    Nothing is computed and no weights are made: the network runs on shapes alone.
    """
    if depth < 1:
        raise RecipeError(f"--depth {depth} shows nothing: it takes a whole number from 1 up")
    found = striate.summary(
        model, image_size=image_size, num_classes=num_classes, in_channels=in_channels, batch_size=batch_size,
        settings=settings or (),
    )  # fmt: skip
    if as_json:
        document(as_plain(found))
        return
    if [layer.name for layer in found.unfolded(1)] == ["body"]:
        depth += 1  # a network of others lies as a whole within what adapts it
    say(f"{model}, for a picture of {_by(found.shape)}", *(f"note: {note}" for note in found.notes), "")
    _show_layers(found, depth)
    _show_memory(found)


def as_plain(found: Summary) -> dict[str, Any]:
    """Return the summary as plain data.

    Returns:
        `picture` (channels, height, width), `parameters`, `frozen`, `unread` (parameters that evaluation does not
        read, by part), `macs`, `memory` (of a training step, in bytes: `batch`, `optimizer`, `weights`, `gradients`,
        `state`, `images`, `activations`, `total`), `notes`, and `layers`: each with `name`, `kind`, `level`, `calls`,
        `output` (without the batch), `parameters`, `macs`, `activations` (bytes), and either `field`, `stride`,
        `offset` (pairs, downwards and to the right, in pixels; null where units have no place) and `whole`, or
        `unknown`, the reason why these are not known.
    """
    memory = found.memory
    assert memory is not None
    told = {name: getattr(memory, name) for name in ("batch", "optimizer", "weights", "gradients", "state", "images")}
    return {
        "picture": found.shape,
        "parameters": found.network.parameters,
        "frozen": found.frozen,
        "unread": found.unread,
        "macs": found.network.macs,
        "memory": {**told, "activations": memory.kept, "total": memory.total},
        "notes": found.notes,
        "layers": [_plain(layer) for layer in found.layers],
    }


def _plain(layer: Layer) -> dict[str, Any]:
    numbers = ("name", "kind", "level", "calls", "output", "parameters", "macs", "activations")
    return {**{name: getattr(layer, name) for name in numbers}, **_seen(layer.geometry)}


def _seen(geometry: Geometry | Unknown) -> dict[str, Any]:
    from striate.inside.geometry import Geometry

    if not isinstance(geometry, Geometry):
        return {"unknown": geometry.reason}
    return {
        "field": geometry.size,
        "stride": [None if value is None else float(value) for value in geometry.stride],
        "offset": [None if value is None else float(value) for value in geometry.offset],
        "whole": geometry.whole,
    }


def _show_layers(found: Summary, depth: int) -> None:
    headers = ("layer", "kind", "output", "parameters", "", "MACs", " ", "kept", "field", "stride", "offset")
    whole, rows = found.network, []
    for layer in found.unfolded(depth):
        rows.append(_row(layer, whole, "  " * (layer.level - 1)))
        if any(layer.rest) and layer.level < depth:
            rows.append(_rest(layer, whole, "  " * layer.level))
    if any(whole.rest):
        rows.append(_rest(whole, whole, ""))
    total = (f"{whole.parameters:,}", "", f"{whole.macs:,}", "", _mib(whole.activations))
    rows.append(("in all", "", _by(whole.output), *total, "", "", ""))
    table(headers, rows, right=headers[3:])
    unknown = {layer.geometry.reason for layer in found.unfolded(depth) if "unknown" in _seen(layer.geometry)}  # type: ignore[union-attr]
    say("", *(f"? {reason}" for reason in sorted(unknown)))


def _row(layer: Layer, whole: Layer, indent: str) -> tuple[str, ...]:
    calls = f", {layer.calls} calls" if layer.calls > 1 else ""
    name = layer.name.rpartition(".")[2] if indent else layer.name
    return (
        indent + name, layer.kind + calls, _by(layer.output), *_costs(layer.parameters, layer.macs, whole),
        _mib(layer.activations), *_geometry(layer.geometry),
    )  # fmt: skip


def _rest(layer: Layer, whole: Layer, indent: str) -> tuple[str, ...]:
    parameters, macs, kept = layer.rest
    return (f"{indent}the rest", "", "", *_costs(parameters, macs, whole), _mib(kept), "", "", "")


def _costs(parameters: int, macs: int, whole: Layer) -> tuple[str, str, str, str]:
    return (f"{parameters:,}", _share(parameters, whole.parameters), f"{macs:,}", _share(macs, whole.macs))


def _share(part: int, whole: int) -> str:
    return f"{part / whole:.1%}".replace("%", " %") if part else ""


def _geometry(geometry: Geometry | Unknown) -> tuple[str, str, str]:
    from striate.inside.geometry import Geometry

    if not isinstance(geometry, Geometry):
        return ("?", "?", "?")
    places = tuple("" if None in pair else _pair(pair) for pair in (geometry.stride, geometry.offset))
    return ("all" if geometry.whole else _pair(geometry.size), places[0], places[1])


def _pair(pair: tuple[Any, Any]) -> str:
    first, second = (f"{float(value):g}" for value in pair)
    return first if first == second else f"{first} x {second}"


def _show_memory(found: Summary) -> None:
    memory = found.memory
    assert memory is not None
    if found.frozen:
        say(f"{found.frozen:,} more parameters are read and not trained")
    say(*(f"{count:,} parameters of {part} are not read at inference" for part, count in found.unread.items()))
    parts = {
        "weights": memory.weights, "gradients": memory.gradients, memory.optimizer: memory.state,
        "pictures": memory.images, "kept for the backward pass": memory.kept,
    }  # fmt: skip
    said = ", ".join(f"{name} {_mib(count)}" for name, count in parts.items())
    say(
        f"training in batches of {memory.batch}: {_mib(memory.total)} MiB of float32 ({said});",
        "  workspaces, gradients of maps and what torch itself takes come on top",
    )


def _mib(count: int) -> str:
    return f"{count / _MIB:,.0f}" if count >= 100 * _MIB else f"{count / _MIB:,.1f}"


def _by(shape: tuple[int, ...]) -> str:
    return "x".join(map(str, shape))
