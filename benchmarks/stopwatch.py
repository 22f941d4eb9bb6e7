"""Where the time of a training goes: clocks laid around the library's own functions from outside, none of it changed.

A function's time is its own: what it calls that has a clock too is counted there.
"""

import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from threading import get_ident
from typing import Any

import striate
from striate.runtime.plan import Plan
from striate.runtime.scaling import Scaling
from striate.train import loop, loss
from striate.train.log import Log
from striate.train.run import Run
from striate.train.step import Step

FORWARD, BACKWARD, OPTIMIZER = "forward", "backward", "optimizer"


class Stopwatch:
    """Seconds by name, of one thread: the one that made it.

    Args:
        root: nothing is counted but inside of this name.

    Attributes:
        seconds: each name's own time.
    """

    def __init__(self, root: str) -> None:
        self.root = root
        self.seconds: dict[str, float] = defaultdict(float)
        self._names: list[str] = []
        self._since = time.perf_counter()
        self._thread = get_ident()
        self._undo: list[Callable[[], None]] = []

    @contextmanager
    def running(self, name: str) -> Iterator[None]:
        """Count the time of the block under `name`."""
        if get_ident() != self._thread or not (self._names or name == self.root):
            yield
            return
        self._switch()
        self._names.append(name)
        try:
            yield
        finally:
            self._switch()
            self._names.pop()

    def around(self, owner: Any, function: str, name: str) -> None:
        """Count the calls of `owner.function`, of a class or a module, under `name`, until `remove`."""
        plain = getattr(owner, function)

        @wraps(plain)
        def timed(*args: Any, **options: Any) -> Any:
            with self.running(name):
                return plain(*args, **options)

        setattr(owner, function, timed)
        self._undo.append(lambda: setattr(owner, function, plain))

    def around_each(self, owner: Any, function: str, name: str) -> None:
        """Count the time that an iterator, which `owner.function` returns, takes to give each of its things."""
        plain = getattr(owner, function)

        @wraps(plain)
        def timed(*args: Any, **options: Any) -> Iterator[Any]:
            things = iter(plain(*args, **options))
            while True:
                with self.running(name):
                    thing = next(things, self)
                if thing is self:
                    return
                yield thing

        setattr(owner, function, timed)
        self._undo.append(lambda: setattr(owner, function, plain))

    def around_made(self, owner: Any, function: str, name: str) -> None:
        """Count the calls of what `owner.function` returns."""
        plain = getattr(owner, function)

        @wraps(plain)
        def made(*args: Any, **options: Any) -> Callable[..., Any]:
            work = plain(*args, **options)

            def timed(*args: Any, **options: Any) -> Any:
                with self.running(name):
                    return work(*args, **options)

            return timed

        setattr(owner, function, made)
        self._undo.append(lambda: setattr(owner, function, plain))

    def remove(self) -> None:
        """Take every clock off again."""
        while self._undo:
            self._undo.pop()()

    def _switch(self) -> None:
        now = time.perf_counter()
        if self._names:
            self.seconds[self._names[-1]] += now - self._since
        self._since = now


def watch_training(*args: Any, **options: Any) -> tuple[dict[str, float], Run]:
    """Call `striate.train`; return the seconds of each part of its loop, and the run.

    The parts: `FORWARD`, "loss", `BACKWARD`, `OPTIMIZER`, "waiting for pictures", "augment and normalize", "counts",
    "validation", "log", "checkpoint", and "loop" for the rest of it.
    """
    watch = Stopwatch("loop")
    watch.around(loop.Loop, "run", "loop")
    watch.around_each(loop.Batches, "ahead", "waiting for pictures")
    watch.around(Step, "inputs", "augment and normalize")
    watch.around(Step, "step", "counts")
    watch.around_made(Plan, "compiled", FORWARD)
    watch.around(loss.Criterion, "__call__", "loss")
    watch.around(Scaling, "backward", BACKWARD)
    watch.around(Scaling, "step", OPTIMIZER)
    watch.around(loop, "infer_together", "validation")
    watch.around(loop.checkpoint, "save", "checkpoint")
    watch.around(loop.NetworkRecognizer, "save", "checkpoint")
    watch.around(Log, "add", "log")
    try:
        run = striate.train(*args, **options)
    finally:
        watch.remove()
    return dict(watch.seconds), run
