"""Which of many processes this one is, as torchrun says it in the environment; alone where nothing is said."""

import os


def rank() -> int:
    """Return this process's number among all that work together, over all hosts."""
    return int(os.environ.get("RANK", "0"))


def world() -> int:
    """Return how many processes work together, over all hosts."""
    return int(os.environ.get("WORLD_SIZE", "1"))


def on_this_host() -> int:
    """Return how many processes work together on this host."""
    return int(os.environ.get("LOCAL_WORLD_SIZE", "1"))


def place_on_this_host() -> int:
    """Return this process's number among those on this host, which is also its accelerator's."""
    return int(os.environ.get("LOCAL_RANK", "0"))


def cores() -> int:
    """Return how many cores this process may use: its share of those that the system gives, 1 at least.

    The processes that torchrun started on this host share them evenly.
    """
    ours = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(1, ours // on_this_host())
