"""Weights that somebody names, with all that is known of them; those that we have written know everything."""

from pathlib import Path

from striate.core.errors import DoesNotApply
from striate.recognize.load import place
from striate.recognize.recognizer import DESCRIPTION, WEIGHTS, read_description
from striate.zoo.locate import Located, is_file_name, locate


def origin(name: str, *, fetch: bool = True, quiet: bool = False) -> Located:
    """Return the weights that `name` stands for, fetched where they are not at hand.

    Args:
        name: what `zoo.locate` takes; or a run directory, whose best is taken; or the folder of a recognizer, or its
            weights file in it.
        fetch: whether those known by name are fetched, as `locate` has it.
        quiet: show no progress.

    Raises:
        UnknownName: no such known weights.
        DataError: no such file or folder, nothing in it, or it cannot be fetched.
    """
    path = Path(name)
    if not is_file_name(name) or not path.exists():
        return locate(name, fetch=fetch, quiet=quiet)
    if path.is_dir():
        return _described(name, place(path))
    return _described(name, path.parent) if _is_ours(path) else locate(name, quiet=quiet)


def absolute(name: str) -> str:
    """Return `name` so that it means the same from any working directory."""
    return str(Path(name).resolve()) if is_file_name(name) else name


def _is_ours(path: Path) -> bool:
    return path.name == WEIGHTS and (path.parent / DESCRIPTION).is_file()


def _described(name: str, folder: Path) -> Located:
    about = read_description(folder / DESCRIPTION)
    if about.get("kind") is not None:
        raise DoesNotApply(f"{name} is no single network, so it has no weights to begin from or to convert: name one")
    return Located(
        name,
        folder / WEIGHTS,
        model=about.get("model"),
        options=about.get("options", {}),
        classes=tuple(about.get("classes") or ()) or None,
        preprocess=about.get("preprocess"),
        temperature=about.get("temperature", 1.0),
    )
