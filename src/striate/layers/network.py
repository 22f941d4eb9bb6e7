"""A network is a stem, stages and a head: the names that every tool relies on."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from striate.layers.auxiliary import Auxiliary


class Network(nn.Module):
    """An image classifier in three parts.

    A stage's output is a batch of maps (N, C, h, w), or of vectors (N, D) in networks that have no maps.

    Args:
        stem: from the picture (N, C, H, W) to the first maps; `nn.Identity()` for networks that have none.
        stages: each at one resolution (or one level of features), finest first, two neighbors at the same only where a
            network has left out a pooling for small pictures; at least one.
        head: from the last stage's output to scores (N, K).
        auxiliary: extra heads by name, each of which reads a block in a stage that is an `nn.Sequential`; used by the
            loss, never run at inference.
        notes: what was adapted to the pictures and classes asked for, one sentence each, to be said to the user.

    Attributes:
        config: what it was made from, ready for JSON; `zoo.create(**network.config)` makes the same one again.
            Empty for a network that is not of the zoo.
        origin: of a network of others, the file or library that it comes from, to be kept with a run; else empty.
    """

    def __init__(
        self,
        stem: nn.Module,
        stages: Iterable[nn.Module],
        head: nn.Module,
        auxiliary: Mapping[str, Auxiliary] | None = None,
        *,
        notes: Iterable[str] = (),
    ) -> None:
        super().__init__()
        self.stem = stem
        self.stages = nn.ModuleList(stages)
        self.head = head
        self.auxiliary = nn.ModuleDict(auxiliary or {})
        self.notes = tuple(notes)
        self.config: dict[str, Any] = {}
        self.origin: dict[str, str] = {}
        for extra in (auxiliary or {}).values():
            self._require_block(extra.reads)

    def features(self, images: Tensor) -> list[Tensor]:
        """Return every stage's output, finest first."""
        x = self.stem(images)
        seen = []
        for stage in self.stages:
            x = stage(x)
            seen.append(x)
        return seen

    def forward(self, images: Tensor, *, auxiliary: bool = False) -> Tensor | list[Tensor]:
        """Return scores (N, K) for normalized images (N, C, H, W).

        Args:
            images: (N, C, H, W), normalized.
            auxiliary: return a list instead: these scores, and those of each auxiliary head, in their order.
        """
        if not auxiliary:
            return self._scores(self.head, self.features(images)[-1])
        last, read = self._through(images)
        heads = [extra for extra in self.auxiliary.values() if isinstance(extra, Auxiliary)]
        return [self._scores(self.head, last), *(self._scores(extra, read[extra.reads]) for extra in heads)]

    @property
    def auxiliary_weights(self) -> tuple[float, ...]:
        """What the loss of each auxiliary head counts, in their order."""
        return tuple(extra.weight for extra in self.auxiliary.values() if isinstance(extra, Auxiliary))

    def _scores(self, head: nn.Module, x: Tensor) -> Tensor:
        # While a graph is traced `x` is a stand-in; a network all of whose layers are fused has no parameters.
        device = (x if isinstance(x, Tensor) else next(self.parameters())).device.type
        if device == "meta" or not torch.is_autocast_enabled(device):
            scores: Tensor = head(x)
            return scores
        layers = list(head) if isinstance(head, nn.Sequential) else [head]
        first = _first_exact(layers)
        for layer in layers[:first]:
            x = layer(x)
        with torch.autocast(device, enabled=False):  # what gives the scores stays float32: its rounding would be theirs
            x = x.float()
            for layer in layers[first:]:
                x = layer(x)
        return x

    def _through(self, images: Tensor) -> tuple[Tensor, dict[str, Tensor]]:
        """Return the last stage's output, and the outputs of the blocks that auxiliary heads read."""
        wanted = {extra.reads for extra in self.auxiliary.values() if isinstance(extra, Auxiliary)}
        read = {}
        x = self.stem(images)
        for index, stage in enumerate(self.stages):
            parts = {f"stages.{index}.{name}": block for name, block in stage.named_children()}
            if wanted.isdisjoint(parts):
                x = stage(x)
                continue
            for name, block in parts.items():
                x = block(x)
                if name in wanted:
                    read[name] = x
        return x, read

    def _require_block(self, name: str) -> None:
        blocks = {
            f"stages.{index}.{block}"
            for index, stage in enumerate(self.stages)
            if isinstance(stage, nn.Sequential)
            for block, _ in stage.named_children()
        }
        if name not in blocks:
            raise ValueError(f"an auxiliary head reads {name}, which is no part of a stage that is an nn.Sequential")

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


def _first_exact(head: Sequence[nn.Module]) -> int:
    """Return where the layers begin that stay float32: at the last linear one, or behind the last convolution."""
    for index in reversed(range(len(head))):
        if isinstance(head[index], nn.Linear):
            return index
        if isinstance(head[index], nn.Conv2d):
            return index + 1
    return 0
