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


def restarted() -> bool:
    """Say whether torchrun started this process anew after the loss of one."""
    return int(os.environ.get("TORCHELASTIC_RESTART_COUNT", "0")) > 0


def job() -> str:
    """Return what stays the same through torchrun's restarts: its job's name, or its own process; empty if alone."""
    if world() == 1 and "TORCHELASTIC_RUN_ID" not in os.environ:
        return ""
    name = os.environ.get("TORCHELASTIC_RUN_ID", "none")
    return name if name != "none" else f"process {os.getppid()}"
