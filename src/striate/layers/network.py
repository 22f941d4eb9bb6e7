"""A network is a stem, stages and a head: the names that every tool relies on."""

from collections.abc import Iterable, Mapping
from typing import Any

from torch import Tensor, nn


class Network(nn.Module):
    """An image classifier in three parts.

    A stage's output is a batch of maps (N, C, h, w), or of vectors (N, D) in networks that have no maps.

    Args:
        stem: from the picture (N, C, H, W) to the first maps; `nn.Identity()` for networks that have none.
        stages: each at one resolution (or one level of features), finest first; at least one.
        head: from the last stage's output to scores (N, K).
        auxiliary: extra heads by the index of the stage they read; used by the loss, dropped at inference.
        notes: what was adapted to the pictures and classes asked for, one sentence each, to be said to the user.

    Attributes:
        config: what it was made from, ready for JSON; `zoo.create(**network.config)` makes the same one again.
            Empty for a network that is not of the zoo.
    """

    def __init__(
        self,
        stem: nn.Module,
        stages: Iterable[nn.Module],
        head: nn.Module,
        auxiliary: Mapping[int, nn.Module] | None = None,
        *,
        notes: Iterable[str] = (),
    ) -> None:
        super().__init__()
        self.stem = stem
        self.stages = nn.ModuleList(stages)
        self.head = head
        self.auxiliary = nn.ModuleDict({str(stage): extra for stage, extra in (auxiliary or {}).items()})
        self.notes = tuple(notes)
        self.config: dict[str, Any] = {}

    def features(self, images: Tensor) -> list[Tensor]:
        """Return every stage's output, finest first."""
        x = self.stem(images)
        seen = []
        for stage in self.stages:
            x = stage(x)
            seen.append(x)
        return seen

    def forward(self, images: Tensor) -> Tensor:
        """Return scores (N, K) for normalized images (N, C, H, W)."""
        scores: Tensor = self.head(self.features(images)[-1])
        return scores

    @property
    def last_stage(self) -> str:
        """The module name of the last stage, where class evidence is usually read."""
        return f"stages.{len(self.stages) - 1}"

    def parameter_count(self, *, auxiliary: bool = False) -> int:
        """Return how many trainable parameters inference needs, or all with the auxiliary heads."""
        return sum(
            parameter.numel()
            for name, parameter in self.named_parameters()
            if parameter.requires_grad and (auxiliary or not name.startswith("auxiliary."))
        )
