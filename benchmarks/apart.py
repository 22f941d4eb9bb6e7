"""Sides that run each in a process of its own, as their users run them: what one sets for itself, the other lacks."""

import multiprocessing
from collections.abc import Callable
from multiprocessing.connection import Connection
from typing import Any

from striate.core.waiting import spin_briefly

Made = tuple[dict[str, Callable[[], object]], Any]


class Apart:
    """Functions that `make` returns by name in another process, with what it has to say of them.

    Args:
        make: a function of a module; returns the functions and something to tell.
        arguments: of `make`.
    """

    def __init__(self, make: Callable[..., Made], *arguments: Any) -> None:
        spin_briefly()  # as the command line does; on all sides
        context = multiprocessing.get_context("spawn")
        self._pipe, other = context.Pipe()
        self._process = context.Process(target=_serve, args=(make, arguments, other), daemon=True)
        self._process.start()
        other.close()
        self.told = self._pipe.recv()

    def run(self, name: str, times: int = 1) -> None:
        """Call one of the functions so often, and return when that is done."""
        self._pipe.send((name, times))
        self._pipe.recv()

    def close(self) -> None:
        """End the process."""
        self._pipe.close()
        self._process.join()


def _serve(make: Callable[..., Made], arguments: tuple[Any, ...], pipe: Connection) -> None:
    functions, told = make(*arguments)
    pipe.send(told)
    while True:
        try:
            name, times = pipe.recv()
        except EOFError:
            return
        for _ in range(times):
            functions[name]()
        pipe.send(None)
