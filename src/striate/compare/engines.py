"""How the jobs of a comparison are run: here one after the other, in processes of this machine, or by Ray."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import AbstractContextManager, contextmanager
from importlib.util import find_spec
from multiprocessing import get_context
from pathlib import Path
from typing import Any, Literal, Protocol

from striate.compare.jobs import Job, Ledger, carry_out
from striate.core.errors import PlanError, TrainingStopped

Name = Literal["local", "ray"]
_KILLED = (
    "a training was killed, perhaps as memory ran out; those that are finished are kept. Go on, with fewer at once: "
    "striate compare --resume {folder}"
)


class Engine(Protocol):
    """Runs jobs, as many at a time as it has lanes."""

    def begin(self, ledger: Ledger, job: Job) -> None:
        """Begin a job; the caller sees to it that a lane is free."""

    def ended(self) -> list[tuple[str, str]]:
        """Wait until a job has ended; return names, each with why it failed or ""."""


def engine(name: Name, lanes: int, *, quiet: bool = False) -> AbstractContextManager[Engine]:
    """Return what runs jobs.

    Args:
        name: local: in this process where there is one lane, else in processes of this machine; ray: by Ray, on the
            cluster that RAY_ADDRESS names or else on one that is started on this machine. All machines of a cluster
            must see the comparison's folder and the pictures under the same paths.
        lanes: how many jobs run at once.
        quiet: print nothing.

    Raises:
        PlanError: Ray is not installed.
    """
    require(name)
    if name == "ray":
        return _ray()
    return _here(quiet=quiet) if lanes == 1 else _processes(lanes)


def require(name: Name) -> None:
    """Refuse an engine that is not here.

    Raises:
        PlanError: Ray is not installed.
    """
    if name == "ray" and find_spec("ray") is None:
        raise PlanError("--engine ray: Ray is not installed here. pip install ray, or leave --engine out")


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
        self._folder: Path | None = None

    def begin(self, ledger: Ledger, job: Job) -> None:
        self._folder = ledger.folder
        try:
            self._running[self._submit(ledger, job)] = job.name
        except BrokenProcessPool:
            raise TrainingStopped(_KILLED.format(folder=self._folder)) from None

    def ended(self) -> list[tuple[str, str]]:
        done, _ = wait(self._running, return_when=FIRST_COMPLETED)
        try:
            return [(self._running.pop(future), future.result()) for future in done]
        except BrokenProcessPool:
            raise TrainingStopped(_KILLED.format(folder=self._folder)) from None


@contextmanager
def _ray() -> Iterator[Engine]:
    import ray  # type: ignore[import-not-found, unused-ignore]

    ours = not ray.is_initialized()
    if ours:
        ray.init(include_dashboard=False, log_to_driver=False, logging_level="ERROR")
    try:
        yield _Ray(ray)
    finally:
        if ours:
            ray.shutdown()


class _Ray:
    """Runs jobs as tasks of Ray, one processor each as far as its books go; threads are the plan's matter."""

    def __init__(self, ray: Any) -> None:
        self._ray = ray
        self._task = ray.remote(num_cpus=1, max_retries=0)(carry_out)  # what a lost job needs is a resume
        self._running: dict[Any, str] = {}

    def begin(self, ledger: Ledger, job: Job) -> None:
        self._running[self._task.remote(ledger, job, quiet=True)] = job.name

    def ended(self) -> list[tuple[str, str]]:
        done, _ = self._ray.wait(list(self._running))
        return [(self._running.pop(task), self._ray.get(task)) for task in done]
