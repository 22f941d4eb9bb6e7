"""The store of a training, chosen for it: none, a pack found, a pack made."""

import dataclasses
from pathlib import Path

from striate.core.errors import StriateError
from striate.core.progress import say
from striate.data.pack import Wish, estimate, fill, find, make
from striate.data.pack_filling import Filling
from striate.data.packed import Packed
from striate.data.store import MEMORY

_PAYS = 4  # epochs from which a pack pays: it fills in the second, and saves two thirds of those that follow


def automatic(wish: Wish, store: str, epochs: int, *, fills: bool = True) -> Packed | Filling | None:
    """Return the pack that a training reads from, or None: from the files themselves, or from memory.

    Args:
        wish: what the training reads. Of several processes, each calls this.
        store: "none"; "auto": where it pays; or the folder in which a pack must be found or made.
        epochs: how often the training reads its pictures.
        fills: whether every epoch reads every picture, so that a pack may fill on the way.

    Raises:
        StriateError: a folder was named, and no pack can be made there.
    """
    if store == "none":
        return None
    named = None if store == "auto" else Path(store).expanduser()
    wish = dataclasses.replace(wish, where=named)
    try:
        found = _shared(wish) or _made(wish, epochs, asked=named is not None, fills=fills)
    except StriateError as error:
        if named is not None:
            raise
        _speak(wish, f"store: none was made, so every epoch decodes the files anew: {error}")
        return None
    return found


def _shared(wish: Wish) -> Packed | None:
    """Return the pack that is there; all processes or none must see it."""
    if wish.table.pixels is not None:
        return None
    found = find(wish)
    if not all(wish.group.gather(found is not None)):
        return None
    if found is not None:
        _speak(wish, f"store: shared, {found.path}")
    return found


def _made(wish: Wish, epochs: int, *, asked: bool, fills: bool) -> Packed | Filling | None:
    count = len(wish.table) if wish.rows is None else len(wish.rows)
    channels, (height, width) = wish.preprocess.channels, wish.preprocess.size
    if wish.table.pixels is not None and not asked:
        return None
    if not asked and (epochs < _PAYS or (wish.crop is None and count * channels * height * width <= MEMORY)):
        return None
    choice = estimate(wish) if wish.first else None
    fills = fills and wish.group.world == 1 and epochs >= _PAYS  # several processes each read other pictures each time
    if choice is not None and wish.crop is not None and fills:
        return fill(wish, choice)
    return make(wish, choice)


def _speak(wish: Wish, line: str) -> None:
    if wish.first:
        say(line, quiet=wish.quiet)
