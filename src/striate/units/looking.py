"""What a network is looked at with: its run, the pictures, and what its units answered to them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from striate.core.errors import DoesNotApply
from striate.data.store import Store
from striate.inside.tracing import trace
from striate.recognize.predict import probabilities_of
from striate.recognize.recognizer import NetworkRecognizer
from striate.units.study import LayerStudy, Study


@dataclass(frozen=True)
class Wish:
    """What is to be looked at, and how much is to be made of it.

    Args:
        part: of the run's own pictures, "train", "val" or "test"; by default test, or where there is none val.
        data_root: where a named data set lies.
        layers: names; by default those that `choosing.chosen` takes.
        units: numbers, of every layer that is named, whose pages are made; by default all.
        limit: look at so many pictures, drawn by seed, where there are more.
        pictures: how many to follow through all layers.
        projections: patches of each unit that are projected to the pixels; by default what two minutes allow.
        synthetic: make pictures that excite the units; by default where two minutes allow it.
        history: show each unit at the run's snapshots too, and when the layers came to rest.
    """

    part: str | None = None
    data_root: str | None = None
    layers: Sequence[str] | None = None
    units: Sequence[int] | None = None
    limit: int = 5000
    pictures: int = 12
    projections: int | None = None
    synthetic: bool | None = None
    history: bool = False


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
        wish: what is to be shown.
        rule: by which units are projected to the pixels; see `rule_for`.
        report: where the run's report is, from the pages; None: it has none.
    """

    name: str
    data: str
    recognizer: NetworkRecognizer
    store: Store
    study: Study
    named: Callable[[int], str]
    labels: NDArray[np.int64]
    call: str
    wish: Wish
    rule: str
    report: str | None = None

    @property
    def picture(self) -> tuple[int, int]:
        """Height and width of what the network sees."""
        return self.recognizer.preprocess.size

    def units(self, found: LayerStudy) -> list[int]:
        """Return the units of a layer that are to be shown.

        Raises:
            DoesNotApply: one that is wished for is none of the layer's.
        """
        wished = range(found.units) if self.wish.units is None else sorted(set(self.wish.units))
        if wished and not 0 <= wished[0] <= wished[-1] < found.units:
            odd = wished[0] if wished[0] < 0 else wished[-1]
            raise DoesNotApply(f"{found.layer.name} has the units 0 to {found.units - 1}, and not {odd}")
        return list(wished)

    def pixels(self, rows: Sequence[int]) -> NDArray[np.uint8]:
        """Return the pictures (N, C, H, W) of `rows`, all of which the study could read."""
        images, _ = self.store.read(np.asarray(rows, np.int64))
        return images

    def images(self, rows: Sequence[int]) -> Tensor:
        """Return the same as the network takes them: normalized, on its device."""
        batch = self.recognizer.preprocess.normalize(torch.from_numpy(self.pixels(rows)))
        return batch.to(next(self.recognizer.network.parameters()).device)

    def answers(self, rows: Sequence[int]) -> NDArray[np.float64]:
        """Return the probabilities (N, K) that the network gives to pictures."""
        return probabilities_of(self.recognizer.scores(self.pixels(rows)), self.recognizer.temperature)


def rule_for(network: nn.Module, shape: tuple[int, int, int]) -> str:
    """Return how the units of a network are projected to the pixels: deconvnet, or without max pooling guided.

    A deconvnet's picture lies in the switches of max pooling. Where strided convolutions stand in their place, every
    picture gets the same grid, for which guided backpropagation was made (Springenberg et al., 2014).
    """
    pooled = any("max_pool" in call.name for call in trace(network, shape).calls)
    return "deconvnet" if pooled else "guided"
