"""The command line's frame: finds the verb, imports it alone, and answers a call that names none."""

import sys
from collections.abc import Sequence
from importlib import import_module
from typing import Annotated, Any

from typer import BadParameter, Exit, Option, Typer
from typer.main import get_command

from striate import __version__
from striate.cli import GROUPS, VERBS
from striate.cli.status import DONE, FIXABLE, explain, guarded

_SETTINGS = {"help_option_names": ["-h", "--help"], "max_content_width": 100}
_ABOUT = """Train image classifiers, measure them honestly, and use them.

DATA is a folder with one folder a class, a CSV or Parquet table, or the name of a known set such as digits."""


def run(arguments: Sequence[str] | None = None) -> int:
    """Carry out `arguments` (by default the process's own) and return the exit status."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")  # a file name that the terminal cannot show stops nothing
    words, rest = called(sys.argv[1:] if arguments is None else arguments)
    try:
        status = command(words).main(args=rest, prog_name=f"striate {words}".strip(), standalone_mode=False)
    except (KeyboardInterrupt, Exception) as error:  # noqa: BLE001 - whatever it is, the shell needs its status
        return _misused(error) if hasattr(error, "format_message") else explain(error)
    return status if isinstance(status, int) else DONE


def called(arguments: Sequence[str]) -> tuple[str, list[str]]:
    """Return the verb or group that `arguments` begin with ("" if none) and what follows it."""
    for count in (2, 1):
        words = " ".join(arguments[:count])
        if len(arguments) >= count and (words in VERBS or words in GROUPS):
            rest = list(arguments[count:])
            return words, rest or ([] if words in VERBS else ["--help"])
    return "", list(arguments) or ["--help"]


def following(word: str) -> dict[str, str]:
    """Return the words that can follow `word` ("" for `striate` itself), each with its line in the list."""
    lines = {}
    for verb, (_, line) in VERBS.items():
        first, _, second = verb.partition(" ")
        if word == (first if second else ""):
            lines[second or first] = line
        elif not word:
            lines[first] = GROUPS[first]
    return lines


def command(words: str) -> Any:
    """Return the parser of a verb, of a group of verbs, or of `striate` itself (no words)."""
    application = Typer(
        add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False, subcommand_metavar="VERB ..."
    )
    if words in VERBS:
        module, name = import_module(VERBS[words][0]), words.rsplit(maxsplit=1)[-1]
        examples = "\b\nExamples:\n" + "\n".join(f"  {line}" for line in module.EXAMPLES)
        application.command(name, epilog=examples, context_settings=_SETTINGS)(guarded(getattr(module, name)))
        return get_command(application)
    options = _group_options if words else _own_options
    application.callback(help=GROUPS.get(words, _ABOUT), context_settings=_SETTINGS)(options)
    for name, line in following(words).items():
        application.command(name, short_help=line)(_listed)  # `run` calls the verbs themselves
    return get_command(application)


def _misused(error: Any) -> int:
    # typer's own error for a call that does not parse; its class has moved between versions
    context = getattr(error, "ctx", None)
    asked = context.command_path if context else "striate"
    sys.stderr.write(f"error: {error.format_message()}\nsee: {asked} --help\n")
    return FIXABLE


def _version(asked: bool) -> None:
    if asked:
        sys.stdout.write(f"striate {__version__}\n")
        raise Exit(DONE)


def _own_options(
    version: Annotated[bool, Option("--version", callback=_version, is_eager=True, help="Print the version.")] = False,
) -> None:
    """Stand for `striate` itself."""


def _group_options() -> None:
    """Stand for a group of verbs."""


def _listed() -> None:
    raise BadParameter("the verb comes first: striate VERB ...")
