"""Write docs/cli.md from the verbs themselves: `python -m striate.cli.reference docs/cli.md`."""

import json
import sys
from collections.abc import Iterator
from inspect import getdoc
from pathlib import Path
from typing import Any, Literal, get_args, get_origin

from striate.cli import VERBS
from striate.cli.application import command
from striate.core.files import write_text
from striate.core.records import Record

_HEAD = """# The command line

Written by `make docs` from the verbs; a test keeps it true. In a terminal: `striate --help`, `striate VERB --help`.

Exit status: 0 done; 1 the answer is no (a check failed, a picture has no answer); 2 something that you can fix, with
what, where and the remedy; 3 a bug of ours, with what to send us; 130 stopped with Ctrl-C. Results go to standard
output, everything else to standard error; with `--json`, standard output is one JSON document.
"""

_FIELDS = """## Fields of a recipe

What `striate train --set FIELD=VALUE` takes. Where a network or the data calls for something else than the default,
that is chosen, and printed; recipe.toml in the run's directory has every field as it was used.

| field | default | |
|---|---|---|"""


def markdown() -> str:
    """Return the page: one section a verb, in the table's order."""
    return "\n".join([_HEAD, *(_section(verb) for verb in VERBS), _fields()])


def _section(verb: str) -> str:
    parser = command(verb)
    options = [parameter for parameter in parser.params if parameter.param_type_name == "option"]
    arguments = [parameter for parameter in parser.params if parameter.param_type_name == "argument"]
    words = ["striate", verb, *(_argument(argument) for argument in arguments), "[OPTIONS]"]
    rows = [
        *(f"| `{argument.metavar}` | {argument.help} |" for argument in arguments),
        *(f"| `{_option(option)}` | {option.help} |" for option in options),
    ]
    examples = ["```", *_examples(parser), "```"]
    lines = [f"## {verb}", "", f"    {' '.join(words)}", "", getdoc(parser.callback) or "", "", "| | |", "|---|---|"]
    return "\n".join([*lines, *rows, "", *examples, ""])


def _fields() -> str:
    from striate.train.recipe import Recipe

    return "\n".join([_FIELDS, *_rows(Recipe), ""])


def _rows(record: type[Record], prefix: str = "") -> Iterator[str]:
    for name, field in record.model_fields.items():
        inner = field.annotation
        if isinstance(inner, type) and issubclass(inner, Record):
            if field.description:
                yield f"| `{prefix}{name}` | | {' '.join(field.description.split())} |"
            yield from _rows(inner, f"{prefix}{name}.")
        else:
            default = (
                ""
                if field.is_required()
                else f"`{json.dumps(field.get_default(call_default_factory=True)).replace('null', 'none')}`"
            )
            choices = get_args(inner) if get_origin(inner) is Literal else ()
            said = [", ".join(map(str, choices)) + "." if choices else "", *(field.description or "").split()]
            yield f"| `{prefix}{name}` | {default} | {' '.join(said).strip().replace('|', '/')} |"


def _argument(argument: Any) -> str:
    many = "..." if argument.nargs == -1 else ""
    return f"{argument.metavar}{many}" if argument.required else f"[{argument.metavar}{many}]"


def _option(option: Any) -> str:
    names = "/".join([*option.opts, *option.secondary_opts])
    return names if option.is_flag else f"{names} {option.metavar}"


def _examples(parser: Any) -> list[str]:
    return [line.strip() for line in parser.epilog.splitlines()[2:]]


if __name__ == "__main__":
    write_text(Path(sys.argv[1]), markdown())
