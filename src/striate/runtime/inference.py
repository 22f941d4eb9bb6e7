"""Scores of many pictures: evaluation mode, float32, no gradients, the network left as it was."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from striate.core.progress import track
from striate.data.preprocess import Preprocess
from striate.data.store import Store
from striate.runtime.plan import Plan

_BATCH = 256


@dataclass(frozen=True)
class Answers:
    """What a network answered to the pictures of some rows.

    Args:
        rows: (N,) rows of the table.
        scores: (N, K) float32; undefined where not answered.
        answered: (N,) False where the picture could not be read.
    """

    rows: NDArray[np.int64]
    scores: NDArray[np.float32]
    answered: NDArray[np.bool_]


def infer(
    network: nn.Module,
    store: Store,
    rows: NDArray[np.int64],
    plan: Plan,
    *,
    classes: int,
    label: str = "",
    quiet: bool = True,
) -> Answers:
    """Return the scores of the pictures of `rows`.

    Args:
        network: on the plan's device already.
        store: reads and places the pictures.
        rows: (N,).
        plan: device and memory format; the precision is float32 in any case.
        classes: K.
        label: what the progress says.
        quiet: show no progress.
    """
    scores = np.zeros((len(rows), classes), np.float32)
    answered = np.zeros(len(rows), bool)
    with evaluating(network), torch.inference_mode(), track(label, len(rows), quiet=quiet) as tracker:
        for start in range(0, len(rows), _BATCH):
            part = slice(start, min(start + _BATCH, len(rows)))
            images, readable = store.read(rows[part])
            answered[part] = readable
            if readable.any():
                scores[part][readable] = score_images(network, store.preprocess, images[readable], plan)
            tracker.advance(len(readable))
    return Answers(rows, scores, answered)


def score_images(
    network: nn.Module, preprocess: Preprocess, images: NDArray[np.uint8], plan: Plan
) -> NDArray[np.float32]:
    """Return scores (N, K) of placed pictures (N, C, H, W); the network is in evaluation mode already."""
    batch = plan.to_device(preprocess.normalize(torch.from_numpy(images)))
    scores: NDArray[np.float32] = network(batch).float().cpu().numpy()
    return scores


@contextmanager
def evaluating(network: nn.Module) -> Iterator[None]:
    """Put every module into evaluation mode, and each back into its own mode afterwards."""
    modes = [(module, module.training) for module in network.modules()]
    network.eval()
    try:
        yield
    finally:
        for module, training in modes:
            module.training = training
