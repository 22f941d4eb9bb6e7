"""Whose code may run: a function that a file names is called only if this user has named it before.

A file from a stranger holds no code, but the name of a function would be as good: `os:system`. So `striate train
--model package.module:function` is remembered, with where the package lies, in the user's cache, and files that name
the same function are read from then on. Any other is refused, unless the variable STRIATE_TRUST has its name.
"""

import json
import os
import sys
from collections.abc import Mapping, Sequence
from importlib.machinery import PathFinder
from pathlib import Path
from typing import Any

from striate.core.errors import DataError, StriateError
from striate.core.files import write_json
from striate.data.cache import folder

TRUST = "STRIATE_TRUST"  # names of functions, with commas between
TIMM = "timm:"  # whose names lead to timm's networks and to nothing else

_NAMED: set[str] = set()  # in this process


def give(model: str) -> None:
    """Remember that the user has named `model` as whose code is to run; names of the zoo and of timm need none."""
    if not needed(model) or model in _NAMED:
        return
    _NAMED.add(model)
    known, place = _remembered(), lies(model)
    if place in known.get(model, []):
        return
    try:
        write_json(_file(), {**known, model: [*known.get(model, []), place]})
    except (OSError, StriateError) as error:
        sys.stderr.write(f"{_file()} could not be written ({error}): the next command will ask about {model} again\n")


def require(model: str, options: Mapping[str, Any], where: Path) -> None:
    """Refuse a file's `model` where it means code that the user has never named.

    Args:
        model: as the file has it.
        options: what the function would be called with.
        where: the file, or the run that it belongs to.

    Raises:
        DataError: with the place of that code, and how to say that it is trusted.
    """
    trusted = [name.strip() for name in os.environ.get(TRUST, "").split(",")]
    if not needed(model) or model in _NAMED or model in trusted:
        return
    place, known = lies(model), _remembered().get(model, [])
    if place in known:
        return
    called = ", ".join(f"{name}={value!r}" for name, value in options.items())
    found = f"found in {place}" if place else "which is not found from here"
    before = f"; what you trained with lay in {' and '.join(known)}" if known else ""
    remedy = f"Only if you know that code and trust it: {TRUST}={model}" if place else _nearer(model, known)
    raise DataError(
        f"{where} answers by code outside of it: it would call {model}({called}), {found}{before}. {remedy}"
    )


def _nearer(model: str, known: Sequence[str]) -> str:
    folder = f" {Path(known[0]).parent}" if known else " its folder"
    return f"Go to{folder}, or add that to PYTHONPATH, where {model.partition(':')[0]} can be imported"


def needed(model: str) -> bool:
    """Say whether `model` names a function, whose code could do anything."""
    return ":" in model and not model.startswith(TIMM)


def lies(model: str) -> str:
    """Return where the package of `model` lies, which is found without importing it; empty where there is none."""
    package = model.partition(":")[0].partition(".")[0]
    spec = PathFinder.find_spec(package, search_path())
    if spec is None:
        return ""
    places = [spec.origin] if spec.origin else list(spec.submodule_search_locations or [])
    return str(Path(places[0]).resolve()) if places else ""


def search_path() -> list[str]:
    """Return where modules are looked for: as `python -m` has it, with the current folder first."""
    here = str(Path.cwd())
    return list(sys.path) if here in sys.path or "" in sys.path else [here, *sys.path]


def _file() -> Path:
    return folder() / "own-networks.json"


def _remembered() -> dict[str, list[str]]:
    try:
        known = json.loads(_file().read_text(encoding="utf-8"))
        return {str(name): [str(place) for place in places] for name, places in known.items()}
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, TypeError, AttributeError):
        sys.stderr.write(f"{_file()} is damaged: ignored, as if you had never named a function\n")
        return {}
