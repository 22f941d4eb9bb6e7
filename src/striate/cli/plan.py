"""Show how fast a network trains on this machine under each plan, and which one a training would take."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

from typer import Argument, Option

from striate.cli.printing import document, say, table

if TYPE_CHECKING:
    from striate.runtime.choice import Row
    from striate.train.recipe import Recipe

EXAMPLES = (
    "striate plan resnet20",
    "striate plan resnet18 --image-size 224 --batch-size 32",
    "striate plan resnet20 --compile --json",
    "striate plan resnet20 --set plan.precision=float32",
)

_LONG = 100_000  # steps, over which compiling pays back


def plan(
    model: Annotated[
        str, Argument(metavar="MODEL", help="A name from `striate models`, timm:NAME, or package.module:function.")
    ],
    image_size: Annotated[
        int | None, Option(metavar="PIXELS", help="The side of the pictures; by default the published one.")
    ] = None,
    batch_size: Annotated[int, Option(metavar="N", help="How many pictures make one step.")] = 32,
    classes: Annotated[int, Option(metavar="N", help="How many classes the network tells apart.")] = 10,
    channels: Annotated[int, Option(metavar="N", help="3 for color, 1 for gray.")] = 3,
    seconds: Annotated[
        float, Option(metavar="S", help="About how long to measure; two steps of each in any case.")
    ] = 20,
    compiling: Annotated[bool, Option("--compile", help="Try compiled networks too; compiling takes minutes.")] = False,
    settings: Annotated[
        list[str] | None,
        Option("--set", metavar="FIELD=VALUE", help="A field of the recipe, such as plan.device; may be given often."),
    ] = None,
    as_json: Annotated[bool, Option("--json", help="Print one JSON document instead of a table.")] = False,
) -> None:
    """Show how fast a network trains on this machine under each plan, and which one a training would take.

    Real training steps are timed in turn, on pictures of noise. The losses of the first two steps are held to those
    of float32. A training measures for itself, on its own pictures, where it is long enough; choose for it with
    --set plan.precision=bf16 and the like, or take --set plan=reference.
    """
    from striate.core.progress import say as tell
    from striate.recognize.recognizer import build
    from striate.runtime import machine
    from striate.runtime.choice import decide
    from striate.train.rehearsal import survey

    recipe = _recipe(model, image_size, batch_size, channels, settings or [])
    network = build(recipe.model, recipe.options, tuple(map(str, range(classes))), recipe.preprocess)
    device = recipe.plan.resolve(network).device
    tell(f"measuring {model} on {machine.processor(device)} for about {seconds:g} s")
    rows = survey(recipe, network, classes, seconds=seconds, compiling=compiling)
    choice = decide(rows, _LONG) if any(not row.problem for row in rows) else None
    told = choice.sentence if choice else "plan: none of them works here"
    if as_json:
        found = [_plain(row, recipe, rows, chosen=bool(choice and row.plan == choice.plan)) for row in rows]
        document({"model": model, "machine": machine.processor(device), "plans": found, "sentence": told})
        return
    headers = ("plan", "s a step", "pictures/s", "x float32 contiguous", "loss", "")
    lines = [_line(row, recipe, rows, chosen=bool(choice and row.plan == choice.plan)) for row in rows]
    table(headers, lines, right=headers[1:4])
    say("", told, *_lacks(device))


def _recipe(model: str, image_size: int | None, batch_size: int, channels: int, settings: list[str]) -> Recipe:
    """Return the model's usual recipe for pictures of this size."""
    from striate.train import defaults
    from striate.train.models import find_network, only_networks
    from striate.train.recipe import Recipe, merge, settings_to_values

    only_networks(model, "no steps to be timed under several plans")
    row = find_network(model)
    size: Any = image_size or list(row.image_size or defaults.LARGE)
    pixels = {"size": size, "channels": channels, "mean": [0.5] * channels, "std": [0.25] * channels}
    usual = merge(defaults.FAMILIES.get(row.family, {}), defaults.VARIANTS.get(model, {}))
    usual = merge(usual, {"model": model, "epochs": 1, "batch_size": batch_size, "preprocess": pixels})
    return Recipe.from_values(merge(usual, settings_to_values(settings)))


def _plain(row: Row, recipe: Recipe, rows: list[Row], *, chosen: bool) -> dict[str, Any]:
    from striate.runtime.choice import plain

    usual = plain(rows)
    return {
        **row.plan.model_dump(mode="json"),
        "seconds": row.seconds,
        "pictures_per_second": recipe.batch_size / row.seconds if row.seconds else None,
        "ratio": usual.seconds / row.seconds if usual and row.seconds else None,
        "losses": [loss if abs(loss) < float("inf") else None for loss in row.losses[:2]],
        "compile_seconds": row.compile_seconds,
        "problem": row.problem,
        "chosen": chosen,
    }


def _line(row: Row, recipe: Recipe, rows: list[Row], *, chosen: bool) -> tuple[str, ...]:
    values = _plain(row, recipe, rows, chosen=chosen)
    if not row.seconds:
        return row.plan.words(), "-", "-", "-", row.problem, ""
    ratio = f"{values['ratio']:.2f}" if values["ratio"] else "-"
    loss = row.problem or _agreement(row, rows)
    compiling = f" (compiling took {row.compile_seconds:.0f} s)" if row.compile_seconds else ""
    return (
        row.plan.words() + compiling, f"{row.seconds:.4f}", f"{values['pictures_per_second']:,.0f}", ratio, loss,
        "chosen" if chosen else "",
    )  # fmt: skip


def _agreement(row: Row, rows: list[Row]) -> str:
    exact = next((other for other in rows if other.plan.precision == "float32" and not other.problem), None)
    if exact is None or row is exact:
        return f"{row.losses[0]:.4f}"
    apart = max(
        abs(loss - truth) / max(abs(truth), 1.0) for loss, truth in zip(row.losses[:2], exact.losses[:2], strict=False)
    )
    return f"agrees to {100 * apart:.2g} %" if apart else "the same"


def _lacks(device: str) -> list[str]:
    """Say in one line what this machine does not offer, and why."""
    from striate.runtime import machine

    lacking = {name: machine.lacks_device(name) for name in ("cuda", "mps")}
    lacking |= {name: machine.lacks_precision(device, name) for name in ("bf16", "fp16", "tf32")}
    lacking |= {"compile": machine.lacks_compiler(device, "default")}
    told = [f"{name} ({reason})" for name, reason in lacking.items() if reason]
    return [f"not offered here: {'; '.join(told)}"] if told else []
