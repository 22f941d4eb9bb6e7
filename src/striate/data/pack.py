"""Packs: what a store keeps on the disk, so that no picture is decoded from its file twice.

A pack is a folder named after its key, beneath `stores` in the cache or where the user says; see `packed` for its
files. Trainings with random crops find whole pictures in it, reduced as far as most crops allow; others find placed
pictures.
"""

import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from striate.core.errors import DoesNotApply, StriateError
from striate.core.files import whole_directory
from striate.core.progress import say
from striate.data import cache, pack_flush, pack_lock
from striate.data.pack_choice import Choice, choose, room
from striate.data.pack_filling import Filling
from striate.data.pack_form import KINDS, Form, form, in_words, key, packable
from striate.data.packed import Damaged, Packed, open_pack
from striate.data.packing import Work, seal, write_part
from striate.data.preprocess import Preprocess
from striate.data.table import Table

RATIO = (3 / 4, 4 / 3)

T = TypeVar("T")


class Together(Protocol):
    """Processes that pack together: each calls `pack` or `automatic` with the same arguments."""

    @property
    def rank(self) -> int:
        """This one's number."""

    @property
    def world(self) -> int:
        """How many there are."""

    def share(self, value: T) -> T:
        """Return the first process's value."""

    def gather(self, value: T) -> list[T]:
        """Return every process's value."""


@dataclass(frozen=True)
class _Alone:
    rank: int = 0
    world: int = 1

    def share(self, value: T) -> T:
        return value

    def gather(self, value: T) -> list[T]:
        return [value]


@dataclass(frozen=True, eq=False, kw_only=True)
class Wish:
    """Which pictures are to be packed, and what for.

    Args:
        table: with hashes.
        preprocess: the input's size and channels.
        rows: those that the training reads more than once; None: all.
        crop: the least and greatest share of the area that its random crops keep; None: it has none.
        ratio: the least and greatest width over height of its random crops.
        where: the folder of packs; None: in the cache.
        limit: the most bytes that a pack may take; None: 20 GiB, or half of what is free on the disk.
        threads: how many read at once; None: one a core.
        quiet: say nothing.
        group: the processes that pack together.
    """

    table: Table
    preprocess: Preprocess
    rows: NDArray[np.int64] | None = None
    crop: tuple[float, float] | None = None
    ratio: tuple[float, float] | None = RATIO
    where: Path | None = None
    limit: int | None = None
    threads: int | None = None
    quiet: bool = False
    group: Together = field(default_factory=_Alone)

    @property
    def form(self) -> Form:
        """What is kept of a picture."""
        return form(self.preprocess, self.crop, self.ratio)

    @property
    def folder(self) -> Path:
        """Where packs are."""
        return self.where or cache.folder() / "stores"

    @property
    def first(self) -> bool:
        """Whether this process is the one that decides and speaks."""
        return self.group.rank == 0


def pack(wish: Wish) -> Packed:
    """Return the pack that `wish` asks for; make it where it is not there.

    Raises:
        DoesNotApply: none would pay, or it would be too large; with the reason.
        StriateError: it cannot be written.
    """
    return find(wish) or make(wish, estimate(wish))


def find(wish: Wish) -> Packed | None:
    """Return a pack of all of the table, or of the rows that are asked for; None where there is none.

    A damaged one is said, and does not count.
    """
    everything = np.arange(len(wish.table))
    for rows in (everything, wish.rows) if wish.rows is not None else (everything,):
        held = packable(wish.table, rows)
        found = _opened(wish, held, key(wish.table, held, wish.form))
        if found is not None:
            return found
    return None


def estimate(wish: Wish) -> Choice:
    """Return the kind of pack that pays and its size in bytes, about; or the reason why there is to be none."""
    if wish.table.pixels is not None:
        return Choice(None, 0, f"the pictures of {wish.table.location} are in memory already")
    limit = room(wish.folder) if wish.limit is None else wish.limit
    return choose(wish.table, _rows(wish), wish.preprocess, wish.form, limit)


def make(wish: Wish, choice: Choice | None) -> Packed:
    """Make the pack that was chosen, unless another process has made it meanwhile.

    Of several processes each makes a part, as the first has chosen.

    Raises:
        DoesNotApply: nothing was chosen.
        StriateError: the disk is full, or the folder cannot be written.
    """
    choice = wish.group.share(choice) or Choice(None, 0)
    work = _work(wish, choice)
    path = wish.folder / work.key
    if wish.first:
        _say_beginning(wish, choice, work, "at")
        _tell(wish, lambda: _lead(wish, work, path))
    else:
        _tell(wish, lambda: _follow(wish, work))
    made = _opened(wish, work.rows, work.key)
    seen = all(wish.group.gather(made is not None))
    if made is None or not seen:
        raise StriateError(f"the store {path} was made, but not every process can read it")
    return made


def fill(wish: Wish, choice: Choice) -> Filling:
    """Return a pack of whole pictures that fills as they are read for the second time; for one process.

    Raises:
        DoesNotApply: nothing was chosen.
        StriateError: the folder cannot be written.
    """
    work = _work(wish, choice)
    try:
        filling = Filling(work, wish.folder / work.key, lambda: _opened(wish, work.rows, work.key))
    except OSError as error:
        raise StriateError(f"the store in {wish.folder} cannot be written: {error}") from error
    if filling.fills:
        _say_beginning(wish, choice, work, "filled as they are read again, at")
    else:
        say(f"store: another process is filling {filling.path}: read as soon as it is there", quiet=wish.quiet)
    return filling


def _work(wish: Wish, choice: Choice) -> Work:
    rows = _rows(wish)
    if choice.kind is None or len(rows) == 0:
        raise DoesNotApply(f"no store is made: {choice.reason or 'no picture can be read'}")
    more: dict[str, Any] = {} if wish.threads is None else {"threads": wish.threads}
    name = key(wish.table, rows, wish.form)
    return Work(wish.table, rows, wish.preprocess, wish.form, choice.kind, name, **more)


def _rows(wish: Wish) -> NDArray[np.int64]:
    return packable(wish.table, np.arange(len(wish.table)) if wish.rows is None else wish.rows)


def _opened(wish: Wish, rows: NDArray[np.int64], name: str) -> Packed | None:
    path = wish.folder / name
    try:
        found = open_pack(path, name, rows, len(wish.table))
    except Damaged as error:
        if wish.first:
            sys.stderr.write(f"the store {path} is damaged ({error}): ignored and built anew\n")
        return None
    if found is not None and wish.first:
        pack_flush.flush_meanwhile(path)
    return found


def _lead(wish: Wish, work: Work, path: Path) -> None:
    told = False
    try:
        with pack_lock.held(path, quiet=wish.quiet):
            pack_lock.clear_away(wish.folder)
            if _opened(wish, work.rows, work.key) is None:
                with whole_directory(path) as beside:
                    wish.group.share(beside)
                    told = True
                    _part(wish, work, beside)
                    seal(beside, work, wish.group.world)
                    if wish.group.world > 1 or pack_flush.boot() is None:
                        pack_flush.flush(beside)
    finally:
        if not told:
            wish.group.share(None)


def _follow(wish: Wish, work: Work) -> None:
    beside = wish.group.share(None)
    if beside is not None:
        _part(wish, work, beside)


def _part(wish: Wish, work: Work, beside: Path) -> None:
    """Write this process's part; where one fails, all do."""
    failure: Exception | None = None
    try:
        write_part(beside, work, wish.group.rank, wish.group.world, quiet=wish.quiet or not wish.first)
    except (OSError, StriateError) as error:
        failure = error
    for failed in wish.group.gather(failure):
        if failed is not None:
            raise failed


def _tell(wish: Wish, work: Callable[[], None]) -> None:
    """Do `work`, and raise in every process what went wrong in the first."""
    failure: Exception | None = None
    try:
        work()
    except OSError as error:
        failure = StriateError(f"the store in {wish.folder} cannot be written: {error}")
    except StriateError as error:
        failure = error
    failure = wish.group.share(failure)
    if failure is not None:
        raise failure


def _say_beginning(wish: Wish, choice: Choice, work: Work, place: str) -> None:
    kept = f"about {in_words(choice.size)} {KINDS[work.kind]}"
    say(f"store: {len(work.rows):,} pictures, {kept}, {place} {wish.folder / work.key}", quiet=wish.quiet)
