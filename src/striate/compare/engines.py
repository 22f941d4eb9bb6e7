"""How the jobs of a comparison are run: here one after the other, or in processes of this machine."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from contextlib import AbstractContextManager, contextmanager
from multiprocessing import get_context
from typing import Protocol

from striate.compare.jobs import Job, Ledger, carry_out


class Engine(Protocol):
    """Runs jobs, as many at a time as it has lanes."""

    def begin(self, ledger: Ledger, job: Job) -> None:
        """Begin a job; the caller sees to it that a lane is free."""

    def ended(self) -> list[tuple[str, str]]:
        """Wait until a job has ended; return names, each with why it failed or ""."""


def engine(lanes: int, *, quiet: bool = False) -> AbstractContextManager[Engine]:
    """Return what runs jobs: in this process where there is one lane, else in processes of this machine.

    Args:
        lanes: how many jobs run at once.
        quiet: print nothing.
    """
    return _here(quiet=quiet) if lanes == 1 else _processes(lanes)


@contextmanager
def _here(*, quiet: bool) -> Iterator[Engine]:
    yield _Here(quiet=quiet)


class _Here:
    """Runs a job when its end is waited for, in this process."""

    def __init__(self, *, quiet: bool) -> None:
        self._quiet = quiet
        self._waiting: list[tuple[Ledger, Job]] = []

    def begin(self, ledger: Ledger, job: Job) -> None:
        self._waiting.append((ledger, job))

    def ended(self) -> list[tuple[str, str]]:
        ledger, job = self._waiting.pop(0)
        return [(job.name, carry_out(ledger, job, quiet=self._quiet))]


@contextmanager
def _processes(lanes: int) -> Iterator[Engine]:
    # Spawned, not forked: torch's threads do not survive a fork.
    with ProcessPoolExecutor(lanes, mp_context=get_context("spawn")) as pool:
        yield _Futures(lambda ledger, job: pool.submit(carry_out, ledger, job, quiet=True))


class _Futures:
    """Runs jobs elsewhere, each as a future."""

    def __init__(self, submit: Callable[[Ledger, Job], Future[str]]) -> None:
        self._submit = submit
        self._running: dict[Future[str], str] = {}

    def begin(self, ledger: Ledger, job: Job) -> None:
        self._running[self._submit(ledger, job)] = job.name

    def ended(self) -> list[tuple[str, str]]:
        done, _ = wait(self._running, return_when=FIRST_COMPLETED)
        return [(self._running.pop(future), future.result()) for future in done]
