"""Scores of many pictures: evaluation mode, float32, no gradients, the network left as it was.

Where there are many, batch norm is folded, and on a CPU convolution, sum and ReLU are fused, if the scores of the
first pictures then agree with the network's own but for float32's rounding. What decides is counted and computed,
never timed, so that a resumed run sees the same bits.
"""

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from itertools import groupby
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from striate.core.progress import track
from striate.data.preprocess import Preprocess
from striate.data.store import Store
from striate.data.views import View
from striate.inside.passes import MOST, pixels_at_once
from striate.runtime import memory
from striate.runtime.averaging import average
from striate.runtime.folding import fold
from striate.runtime.fusing import fuse, lacks_fusion
from striate.runtime.plan import Plan, convolves

_WORTH_FOLDING = 2**21  # pixels to come: 2,048 pictures of 32 x 32, 41 of 224 x 224; folding takes 0.1 to 0.5 s
_CHECKED = 16  # pictures
_ROUNDING = 1e-5  # of the largest score; networks of the zoo with up to 110 layers depart by less than 6e-6

Forward = Callable[[Tensor], Tensor]
_Look = tuple[NDArray[np.uint8], NDArray[np.bool_]]


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
    looks: Sequence[View] = (View(),),
    temperature: float = 1.0,
) -> Answers:
    """Return the scores of the pictures of `rows`.

    Args:
        network: on the plan's device already.
        store: reads and places the pictures.
        rows: (N,).
        plan: device and memory format; the precision is float32 in any case. Contiguous, as the reference plan
            has it: the network computes as it is, with nothing folded.
        classes: K.
        label: what the progress says.
        quiet: show no progress.
        looks: views of each picture; of several, the probabilities are averaged, see `average`.
        temperature: what scores are divided by for that.
    """
    scores = np.zeros((len(rows), classes), np.float32)
    answered = np.zeros(len(rows), bool)
    many = len(rows) > batch_size(store.preprocess, plan)
    keeping = memory.kept() if many else nullcontext()
    with keeping, evaluating(network), torch.inference_mode(), track(label, len(rows), quiet=quiet) as tracker:
        batch = batch_size(store.preprocess, plan)
        answering = _Float32(network, store.preprocess, plan, len(rows) * len(looks))
        parts = [slice(start, start + batch) for start in range(0, len(rows), batch)]
        for part, found in zip(parts, _ahead(store, [rows[part] for part in parts], looks), strict=True):
            answered[part] = readable = np.logical_and.reduce([seen for _, seen in found])
            if readable.any():
                scores[part][readable] = average([answering(images[readable]) for images, _ in found], temperature)
            tracker.advance(len(readable))
    return Answers(rows, scores, answered)


def _ahead(store: Store, parts: Sequence[NDArray[np.int64]], looks: Sequence[View]) -> Iterator[list[_Look]]:
    """Yield the pictures of each of `parts`, reading the next ones while the caller works on one."""
    with ThreadPoolExecutor(1, thread_name_prefix="striate-ahead") as reader:
        coming: deque[Future[list[_Look]]] = deque()
        for part in parts:
            coming.append(reader.submit(lambda rows: list(_looks(store, rows, looks)), part))
            if len(coming) > 1:
                yield coming.popleft().result()
        while coming:
            yield coming.popleft().result()


def _looks(store: Store, rows: NDArray[np.int64], looks: Sequence[View]) -> Iterator[_Look]:
    """Yield the pictures of `rows` in each view, and which could be read; a crop is read once for both its views."""
    for _, alike in groupby(looks, key=lambda view: view.crop):
        views = list(alike)
        images, readable = store.read(rows, views[0].crops(len(rows)))
        for view in views:
            yield mirrored(images, view), readable


def mirrored(images: NDArray[np.uint8], view: View) -> NDArray[np.uint8]:
    """Return pictures (N, C, H, W), mirrored where the view is."""
    return np.flip(images, 3).copy() if view.flip else images  # torch takes no negative strides


class _Float32:
    """Scores batch after batch, by a folded copy once there are many to come and it agrees."""

    def __init__(self, network: nn.Module, preprocess: Preprocess, plan: Plan, coming: int) -> None:
        self._network, self._preprocess, self._plan = network, preprocess, plan
        self._coming = coming
        self._forward: Forward = network
        self._open = plan.memory_format == "channels_last" and convolves(network)

    def __call__(self, images: NDArray[np.uint8]) -> NDArray[np.float32]:
        scores = score_images(self._forward, self._preprocess, images, self._plan)
        self._coming -= len(images)
        if self._open and self._coming * images[0, 0].size >= _WORTH_FOLDING:
            few = slice(0, _CHECKED)
            self._forward = equivalent(self._network, self._preprocess, images[few], scores[few], self._plan)
        self._open = False
        return scores


def batch_size(preprocess: Preprocess, plan: Plan) -> int:
    """Return how many pictures to answer at once: fewer where they are large."""
    return max(8, min(MOST, pixels_at_once(plan.device) // (preprocess.size[0] * preprocess.size[1])))


def score_images(
    network: Forward, preprocess: Preprocess, images: NDArray[np.uint8], plan: Plan
) -> NDArray[np.float32]:
    """Return scores (N, K) of placed pictures (N, C, H, W); the network is in evaluation mode already."""
    batch = plan.to_device(preprocess.normalize(torch.from_numpy(images)))
    with _no_tf32(plan.device):
        scores: NDArray[np.float32] = network(batch).float().cpu().numpy()
    return scores


def equivalent(
    network: nn.Module, preprocess: Preprocess, images: NDArray[np.uint8], exact: NDArray[np.float32], plan: Plan
) -> Forward:
    """Return a folded copy of `network` where it gives the scores `exact` to `images` but for rounding; else itself."""
    folded = fold(network)
    forward = fuse(folded) if plan.device == "cpu" and lacks_fusion() is None else plan.prepare(folded)
    departure = np.abs(score_images(forward, preprocess, images, plan) - exact).max()
    return forward if departure <= _ROUNDING * np.abs(exact).max() else network


@contextmanager
def _no_tf32(device: str) -> Iterator[None]:
    """Keep float32 what it says: on CUDA devices torch allows TF32, with 10 bits, in convolutions by itself."""
    switches: tuple[Any, ...] = (torch.backends.cuda.matmul, torch.backends.cudnn) if device == "cuda" else ()
    before = [switch.allow_tf32 for switch in switches]
    for switch in switches:
        switch.allow_tf32 = False
    try:
        yield
    finally:
        for switch, allowed in zip(switches, before, strict=True):
            switch.allow_tf32 = allowed


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
