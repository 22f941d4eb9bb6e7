"""A head that reads a block inside a stage, for the loss in training alone."""

from collections.abc import Mapping

from torch import Tensor, nn


class Auxiliary(nn.Module):
    """Scores from an earlier place of a network, so that the gradient has a shorter way there.

    Args:
        layers: from the block's output to scores (N, K), by name.
        reads: the module name of the block: a part of a stage, as `stages.1.inception4a`.
        weight: what its loss counts, where that of the network's own scores counts 1.
    """

    def __init__(self, layers: Mapping[str, nn.Module], *, reads: str, weight: float) -> None:
        super().__init__()
        self.layers = nn.Sequential()
        for name, layer in layers.items():
            self.layers.add_module(name, layer)
        self.reads = reads
        self.weight = weight

    def forward(self, x: Tensor) -> Tensor:
        """Return scores (N, K) for the block's output."""
        scores: Tensor = self.layers(x)
        return scores

    def extra_repr(self) -> str:
        """Return what it reads and what it counts, for the printed network."""
        return f"reads={self.reads}, weight={self.weight:g}"
