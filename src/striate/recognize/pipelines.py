"""A classic pipeline in the place of a network, so that all that measures and answers takes it as it is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from striate import classic
from striate.core.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

FILE = "estimator.skops"


class ClassicNetwork(nn.Module):
    """A pipeline that takes and gives what a network does; it has no weights and no gradient.

    Args:
        model: a name of `striate.classic.PIPELINES`.
        options: its parameters, as `striate.classic.create` takes them.
        num_classes: how many scores it gives; those of classes that it was not fitted to are as low as the lowest.
    """

    def __init__(self, model: str, options: Mapping[str, Any], num_classes: int) -> None:
        super().__init__()
        self.model, self.options, self.num_classes = model, dict(options), num_classes
        self.notes: tuple[str, ...] = ()
        self.origin: dict[str, str] = {}
        self.pipeline = self.fresh(0)

    def fresh(self, seed: int) -> classic.Pipeline:
        """Return the pipeline, not fitted."""
        return classic.create(self.model, seed=seed, **self.options)

    def forward(self, images: Tensor) -> Tensor:
        """Return scores (N, num_classes) float32 of pictures (N, C, H, W), 0 to 1."""
        pixels = images.detach().float().mul(255).round_().clamp_(0, 255).to("cpu", torch.uint8).contiguous()
        found = _columns(self.pipeline.decision_function(pixels.numpy())) / self.temperature
        scores = np.repeat(found.min(1, keepdims=True), self.num_classes, axis=1)
        scores[:, np.asarray(self.pipeline.classes_, np.int64)] = found
        return torch.from_numpy(scores.astype(np.float32)).to(images.device)

    @property
    def temperature(self) -> float:
        """What the pipeline itself divides its scores by before the softmax."""
        return float(getattr(self.pipeline[-1], "temperature_", 1.0))

    def write(self, folder: Path) -> None:
        """Write the fitted pipeline into a folder."""
        self.pipeline.save(folder / FILE)

    def read(self, folder: Path) -> None:
        """Take the fitted pipeline of a folder.

        Raises:
            DataError: there is none, or it was fitted to more classes than there are.
        """
        self.pipeline = classic.load(folder / FILE)
        if max(self.pipeline.classes_) >= self.num_classes:
            raise DataError(f"{folder / FILE} knows more than {self.num_classes} classes: it belongs to another run")


def _columns(scores: NDArray[Any]) -> NDArray[Any]:
    """Return scores (N, K), of two classes as well; half the difference each, so that the softmax has all of it."""
    return np.stack([-scores / 2, scores / 2], 1) if scores.ndim == 1 else scores
