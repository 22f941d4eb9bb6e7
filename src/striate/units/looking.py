"""What a network is looked at with: its run, the pictures, and what its units answered to them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from striate.data.store import Store
from striate.recognize.recognizer import NetworkRecognizer
from striate.units.study import Study


@dataclass(frozen=True)
class Looking:
    """A network and the pictures that it is looked at with.

    Args:
        name: of the run, as its folder is called.
        data: what the pictures are, in words.
        recognizer: the network with its preprocessing and classes.
        store: reads the pictures as the network sees them.
        study: what the units answered to.
        named: the name of the picture of a row.
        labels: (rows of the table,) the class of each.
        call: the Python call that made the study.
    """

    name: str
    data: str
    recognizer: NetworkRecognizer
    store: Store
    study: Study
    named: Callable[[int], str]
    labels: NDArray[np.int64]
    call: str

    @property
    def picture(self) -> tuple[int, int]:
        """Height and width of what the network sees."""
        return self.recognizer.preprocess.size

    def pixels(self, rows: Sequence[int]) -> NDArray[np.uint8]:
        """Return the pictures (N, C, H, W) of `rows`, all of which the study could read."""
        images, _ = self.store.read(np.asarray(rows, np.int64))
        return images

    def images(self, rows: Sequence[int]) -> Tensor:
        """Return the same as the network takes them: normalized, on its device."""
        batch = self.recognizer.preprocess.normalize(torch.from_numpy(self.pixels(rows)))
        return batch.to(next(self.recognizer.network.parameters()).device)

    def answers(self, rows: Sequence[int]) -> NDArray[np.float32]:
        """Return the probabilities (N, K) that the network gives to pictures."""
        scores = self.recognizer.scores(self.pixels(rows)) / self.recognizer.temperature
        powers = np.exp(scores - scores.max(axis=1, keepdims=True))
        probabilities: NDArray[np.float32] = powers / powers.sum(axis=1, keepdims=True)
        return probabilities
