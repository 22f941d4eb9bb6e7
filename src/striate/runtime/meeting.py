"""Where processes that torchrun started find each other.

torchrun keeps one store through its restarts, with the addresses of the processes that are gone; gloo would call
those. So the living introduce themselves, and go on in a part of the store that is theirs alone.
"""

import time
from datetime import timedelta
from uuid import uuid4

from torch.distributed import PrefixStore, Store  # type: ignore[attr-defined]  # torch does not say that it exports them
from torch.distributed.rendezvous import rendezvous

_GLANCE = 0.02  # seconds between looks for who has come


def meet(patience: timedelta) -> tuple[Store, Store, int, int]:
    """Return where this launch keeps things through restarts, what this start's processes share, rank and world."""
    store, rank, world = next(rendezvous("env://"))
    store.set_timeout(patience)
    name = _welcome(store, world) if rank == 0 else _introduce(store, rank)
    return PrefixStore("launch", store), PrefixStore(name, store), rank, world


def _welcome(store: Store, world: int) -> str:
    """Tell everyone the name of this start until all have heard it: a name found may be one of the gone."""
    name, missing = uuid4().hex, set(range(1, world))
    while missing:
        for rank in sorted(missing):
            if store.check([f"name/{rank}"]):
                store.set(f"start/{store.get(f'name/{rank}').decode()}", name)
        missing = {rank for rank in missing if not store.check([f"heard/{name}/{rank}"])}
        time.sleep(_GLANCE)
    return name


def _introduce(store: Store, rank: int) -> str:
    own = uuid4().hex
    store.set(f"name/{rank}", own)
    name: str = store.get(f"start/{own}").decode()
    store.set(f"heard/{name}/{rank}", "yes")
    return name
