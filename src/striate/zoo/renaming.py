"""Names of tensors from others' layouts to ours by tables of patterns, and by the same tables back."""

import re
from collections.abc import Callable, Iterable
from importlib import import_module

from striate.core.errors import DoesNotApply
from striate.zoo.catalog import MODELS
from striate.zoo.options import Layouts, Renames

# What a pattern is made of: an anchor, a group, one escaped or bracketed sign, an optional sign, or plain text.
_PIECE = re.compile(
    r"\^|(?P<group>\([^()]*\))|(?:\\(?P<escaped>\W)|\[(?P<bracketed>.)\]|(?P<plain>[\w]))(?P<optional>\?)?"
)
_REFERENCE = re.compile(r"\\(\d)")


def layouts_for(model: str) -> Layouts:
    """Return the layouts of others' files of `model`, as its family has them; none where it is no model of the zoo."""
    if model not in MODELS:
        return {}
    of_others: Callable[[str], Layouts] | None = getattr(import_module(MODELS[model].module), "layouts", None)
    return of_others(model) if of_others else {}


def rename(name: str, renames: Renames) -> str:
    """Return what `name` is called by the first of `renames` that is found in it; itself where none is."""
    for pattern, replacement in renames:
        renamed, found = re.subn(pattern, replacement, name)
        if found:
            return renamed
    return name


def names_there(names: Iterable[str], renames: Renames) -> dict[str, str]:
    """Return what others call each of our `names`: what `renames` makes them of.

    Raises:
        DoesNotApply: the table does not tell for one of them.
    """
    back = [turned for pattern, replacement in renames if (turned := _turned(pattern, replacement))]
    there = {}
    for name in names:
        candidates = (re.sub(pattern, template, name) for pattern, template in back if re.search(pattern, name))
        found = next((candidate for candidate in candidates if rename(candidate, renames) == name), None)
        if found is None:
            raise DoesNotApply(f"the layout has no name for {name}: keep the network in our own layout")
        there[name] = found
    return there


def _turned(pattern: str, replacement: str) -> tuple[str, str] | None:
    """Return the pattern of what `replacement` makes, and what it was made of; None where that is lost."""
    numbers = re.compile(pattern).groupindex
    pattern = re.sub(r"\(\?P<\w+>", "(", pattern)
    replacement = re.sub(r"\\g<(\w+)>", lambda named: f"\\{numbers.get(named[1], named[1])}", replacement)
    groups, template = [], ""
    for piece in _PIECE.finditer(pattern):
        if piece["group"]:
            groups.append(piece["group"])
            template += rf"\g<g{len(groups)}>"
        elif not piece["optional"]:
            template += piece["escaped"] or piece["bracketed"] or piece["plain"] or ""
    parts = _REFERENCE.split(replacement)  # text, number, text, number, ..., text
    turned, seen = "^", set[str]()
    for place, part in enumerate(parts):
        if place % 2 == 0:
            turned += re.escape(part)
        elif part in seen:
            turned += f"(?P=g{part})"
        else:
            turned += f"(?P<g{part}>{groups[int(part) - 1][1:-1]})"
            seen.add(part)
    return (turned, template) if len(seen) == len(groups) else None
