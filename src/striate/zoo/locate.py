"""From what a user calls weights to a file, and to what is known of them: network, classes, preparation of pictures."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from striate.core.errors import DataError
from striate.zoo import download
from striate.zoo.catalog import MODELS
from striate.zoo.known_weights import KNOWN, Known, imagenet_classes, of_file

_ORIGINS = ("torchvision:", "timm:")


@dataclass(frozen=True)
class Located:
    """Weights that are at hand.

    Args:
        name: what the user calls them.
        path: their file, which is there unless they were not to be fetched.
        model: the network of the zoo that they are of, where that is known, as for what follows.
        options: the family's options that it was built with.
        classes: in the order of its scores.
        preprocess: how pictures become its input, as the fields of a `Preprocess`.
        temperature: what its scores are divided by before the softmax; 1 where none was fitted.
    """

    name: str
    path: Path
    model: str | None = None
    options: Mapping[str, Any] = field(default_factory=dict)
    classes: tuple[str, ...] | None = None
    preprocess: Mapping[str, Any] | None = None
    temperature: float = 1.0


def is_file_name(name: str) -> bool:
    """Say whether weights of that name are a file or folder here, and not an address or a name in a catalog."""
    return not (download.is_address(name) or name.startswith(_ORIGINS))


def locate(name: str, *, fetch: bool = True, quiet: bool = False) -> Located:
    """Return the weights that `name` stands for, fetched where they are not at hand.

    Args:
        name: a file, an address `https://...`, `torchvision:NAME` or `timm:NAME`.
        fetch: whether those known by name are fetched; what is known of them needs no network.
        quiet: show no progress.

    Raises:
        UnknownName: no such known weights.
        DataError: no such file, or it cannot be fetched.
    """
    if name.startswith("torchvision:"):
        row = KNOWN[name]
        path = download.fetch(row.url, row.digest, quiet=quiet) if fetch else download.place(row.url)
        return _known(row, name, path)
    if name.startswith("timm:"):
        return _of_timm(name, fetch=fetch, quiet=quiet)
    path = download.fetch(name, quiet=quiet) if download.is_address(name) else Path(name)
    if not path.exists():
        hint = f"; known by name are torchvision:{name}" if f"torchvision:{name}" in KNOWN else ""
        raise DataError(f"no weights file {name}{hint}: check the path, or see `striate weights list`")
    row_of_file = of_file(path.name) if path.is_file() else None
    if row_of_file is not None and download.sha256(path).startswith(row_of_file.digest):
        return _known(row_of_file, name, path)
    return Located(name, path)


def _known(row: Known, name: str, path: Path) -> Located:
    return Located(name, path, row.model, _published(row.model), imagenet_classes(), row.preprocess())


def _of_timm(name: str, *, fetch: bool, quiet: bool) -> Located:
    from striate.zoo import timm_weights
    from striate.zoo.renaming import layouts_for

    found = timm_weights.find(name.removeprefix("timm:"), fetch=fetch, quiet=quiet)
    model = found.architecture if f"timm:{found.architecture}" in layouts_for(found.architecture) else None
    options = _published(model) if model else {}
    return Located(name, found.path, model, options, found.classes, found.preprocess)


def _published(model: str) -> dict[str, Any]:
    """Return the options that others' weights need: their stem is the published one, whatever the pictures' size."""
    return {"stem": "published"} if "stem" in MODELS[model].options else {}
