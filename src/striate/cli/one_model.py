"""Show one network of the catalog in full: its paper and idea, its numbers, its options and its published results."""

from collections.abc import Sequence
from dataclasses import asdict
from importlib import import_module

from striate.cli.printing import document, say, table
from striate.zoo import MODELS
from striate.zoo.about import about
from striate.zoo.catalog import Row
from striate.zoo.options import describe
from striate.zoo.published import PROTOCOLS, PUBLISHED, TRAININGS, Result


def show(name: str, *, as_json: bool) -> None:
    """Print all that is known of the model `name`, for people or as one JSON object.

    Raises:
        UnknownName: no such model; the nearest names are offered.
    """
    row = MODELS[name]
    options = {option: describe(import_module(row.module).OPTIONS[option]) for option in row.options}
    results = PUBLISHED.get(name, ())
    if as_json:
        document(asdict(row) | {"about": about(row), "takes": options, "results": [asdict(r) for r in results]})
        return
    _numbers(row)
    say("", about(row))
    if options:
        say("", "Options (striate train DATA --model NAME --set options.OPTION=VALUE):".replace("NAME", name))
        table(("option", "default", "it takes"), [(o, str(row.options[o]), takes) for o, takes in options.items()])
    _published(results)


def _numbers(row: Row) -> None:
    picture = f"{row.in_channels}x{row.image_size[0]}x{row.image_size[1]}, {row.num_classes:,} classes"
    say(f"{row.name}: {row.title}", f"family {row.family}, {row.year}; made for {picture}")
    say(f"{row.parameters:,} parameters, {row.macs:,} MACs, {row.depth:,} layers deep")


def _published(results: Sequence[Result]) -> None:
    if not results:
        say("", "No published error is known for it.")
        return
    say("", "Published errors, in percent:")
    headers = ("data", "top-1", "top-5", "protocol", "training", "source")
    table(headers, [_cells(result) for result in results], right=("top-1", "top-5"))
    say("", *(f"{name}: {PROTOCOLS[name]}" for name in dict.fromkeys(result.protocol for result in results)))
    say(*(f"{name}: {TRAININGS[name]}" for name in dict.fromkeys(result.training for result in results)))


def _cells(result: Result) -> tuple[str, ...]:
    errors = ("" if error is None else f"{error:g}" for error in (result.top1_error, result.top5_error))
    return (result.data, *errors, result.protocol, result.training, result.source)
