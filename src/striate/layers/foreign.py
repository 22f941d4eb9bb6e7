"""Any image classifier as a network with stem, stages and head: the module itself computes, unchanged."""

from collections.abc import Sequence
from typing import Any

from torch import Tensor, nn

from striate.core.errors import DoesNotApply
from striate.layers.network import Network
from striate.layers.parts import Parts, watching


class Foreign(Network):
    """A module that somebody else wrote, under the names that every tool relies on.

    Scores are the module's own, bit by bit. Weights go in and out under its own names, without a prefix; in
    `named_parameters` they begin with `body`. What its parts do between each other is not known here, so a part of
    several modules is a list of them, for their weights, and cannot be called.

    Args:
        body: takes normalized images (N, C, H, W) to scores (N, K).
        parts: what `layers.parts.find` found.
    """

    def __init__(self, body: nn.Module, parts: Parts) -> None:
        nn.Module.__init__(self)
        self.body = body
        self.parts = parts
        self.auxiliary = nn.ModuleDict()
        self.notes: tuple[str, ...] = ()
        self.config: dict[str, Any] = {}
        self.origin: dict[str, str] = {}

    @property
    def stem(self) -> nn.Module:  # type: ignore[override]
        """What comes before the first stage."""
        return self._part(self.parts.stem)

    @property
    def stages(self) -> nn.ModuleList:  # type: ignore[override]
        """The modules of each stage, finest first."""
        return nn.ModuleList(self._part(names) for names in self.parts.stages)

    @property
    def head(self) -> nn.Module:  # type: ignore[override]
        """What comes after the last stage."""
        return self._part(self.parts.head)

    @property
    def last_stage(self) -> str:
        """The module name of what ends the last stage; of the whole where no stages were found."""
        return f"body.{self.parts.stages[-1][-1]}" if self.parts.maps else "body"

    def forward(self, images: Tensor, *, auxiliary: bool = False) -> Tensor | list[Tensor]:
        """Return scores (N, K) for normalized images (N, C, H, W); with `auxiliary`, a list of them alone."""
        scores: Tensor = self.body(images)
        return [scores] if auxiliary is True else scores  # `is`: a stand-in, while a graph is traced, has no truth

    def features(self, images: Tensor) -> list[Tensor]:
        """Return every stage's output, finest first: maps (N, C, h, w), or of a network without maps, vectors (N, D).

        Raises:
            DoesNotApply: neither was found in this network.
        """
        places = self.parts.features
        if not places:
            raise DoesNotApply(
                f"{self.config.get('name', type(self.body).__name__)} has no maps that go from fine to coarse, nor a "
                "last linear layer that weighs vectors, so it has no features to show: build a "
                "striate.layers.network.Network(stem, stages, head) in your function"
            )
        with watching(self.body, {place.module for place in places}) as calls:
            self.body(images)
        seen = {(call.module, call.number): call for call in calls}
        found = [
            seen[place.module, place.number].given if place.given else seen[place.module, place.number].returned
            for place in places
        ]
        return [tensor for tensor in found if tensor is not None]

    def state_dict(self, *args: Any, **options: Any) -> Any:
        """Return the weights under the module's own names."""
        return self.body.state_dict(*args, **options)

    def load_state_dict(self, *args: Any, **options: Any) -> Any:
        """Load weights that are under the module's own names."""
        return self.body.load_state_dict(*args, **options)

    def _part(self, names: Sequence[str]) -> nn.Module:
        modules = [self.body.get_submodule(name) for name in names]
        if not modules:
            return nn.Identity()
        return modules[0] if len(modules) == 1 else nn.ModuleList(modules)
