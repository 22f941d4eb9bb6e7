"""Scores of many pictures, each process answering its part of them."""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray
from torch import nn

from striate.data.store import Store
from striate.runtime.inference import Answers, infer
from striate.runtime.plan import Plan
from striate.runtime.processes import Group


def infer_together(
    group: Group, network: nn.Module, store: Store, rows: NDArray[np.int64], plan: Plan, **options: Any
) -> Answers:
    """Return the scores of the pictures of `rows`, each computed once, in every process; see `infer`."""
    return divided(group, store, rows, lambda own: infer(network, store, own, plan, **options))


def divided(
    group: Group, store: Store, rows: NDArray[np.int64], answer: Callable[[NDArray[np.int64]], Answers]
) -> Answers:
    """Return what `answer` says of all `rows`, where each process asks it about its own part."""
    own = answer(rows[group.rank :: group.world])
    if group.world == 1:
        return own
    scores = np.empty((len(rows), own.scores.shape[1]), np.float32)
    answered = np.empty(len(rows), bool)
    for rank, (part, readable) in enumerate(group.gather((own.scores, own.answered))):
        scores[rank :: group.world], answered[rank :: group.world] = part, readable
    store.read(rows[~answered])  # so that this process too knows why
    return Answers(rows, scores, answered)
