"""Show one model in full: a network's paper and idea, numbers, options and published results; a pipeline's options."""

from collections.abc import Sequence
from dataclasses import asdict
from importlib import import_module

from striate.classic import PIPELINES, create
from striate.classic.classifiers import CLASSIFIERS
from striate.cli.printing import document, say, table
from striate.train.models import check, is_pipeline
from striate.zoo import MODELS
from striate.zoo.about import about
from striate.zoo.catalog import Row
from striate.zoo.options import describe
from striate.zoo.published import PROTOCOLS, PUBLISHED, TRAININGS, Result

_WORKINGS = {"memory", "transform_input", "verbose", "n_jobs", "seed", "random_state"}  # the seed is the recipe's


def show(name: str, *, as_json: bool) -> None:
    """Print all that is known of the model `name`, for people or as one JSON object.

    Raises:
        UnknownName: no such model; the nearest names are offered.
    """
    if is_pipeline(name):
        _pipeline(name, as_json=as_json)
        return
    check(name)
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


def _pipeline(name: str, *, as_json: bool) -> None:
    row = PIPELINES[name]
    steps = dict(create(name).steps)
    options = {option: value for option, value in create(name).get_params().items() if _is_plain(value, option)}
    if as_json:
        document({"name": name, "year": row.year, "title": row.title, "steps": list(steps), "options": options})
        return
    say(f"{name}: {row.title}", f"classic pipeline, {row.year}", "")
    say(f"Options (striate train DATA --model {name} --set options.OPTION=VALUE):")
    table(("option", "default"), [(option, str(value)) for option, value in options.items()])
    say("", f"options.classifier takes another classifier by its name: {', '.join(CLASSIFIERS)}.")


def _is_plain(value: object, option: str) -> bool:
    """Say whether a parameter is one that people set, and not a part of the pipeline or how it works."""
    last = option.rpartition("__")[2]
    return last != option and last not in _WORKINGS and (value is None or isinstance(value, str | int | float | tuple))


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
