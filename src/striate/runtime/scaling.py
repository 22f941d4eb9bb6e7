"""Loss scaling, which keeps small gradients from vanishing in half precision; does nothing in any other.

Micikevicius et al., 2017. https://arxiv.org/abs/1710.03740
"""

import torch
from torch import Tensor

from striate.runtime.plan import Plan

_WHOLE = {"growth_interval", "_growth_tracker"}  # what counts steps


class Scaling:
    """Scales the loss up and the gradients down again under fp16; its state belongs into a checkpoint.

    Args:
        plan: how the arithmetic runs.
        first: what the loss is multiplied by until a gradient overflows.
    """

    def __init__(self, plan: Plan, *, first: float = 65536.0) -> None:
        self._scaler = torch.amp.GradScaler(plan.device, init_scale=first, enabled=plan.precision == "fp16")
        self.left_out = False
        """Whether the last step was left out, since a gradient overflowed."""

    def backward(self, loss: Tensor) -> None:
        """Compute the gradients of the scaled loss."""
        self._scaler.scale(loss).backward()  # type: ignore[no-untyped-call]

    def unscale(self, optimizer: torch.optim.Optimizer) -> None:
        """Bring the gradients to their own size, before anything looks at them."""
        self._scaler.unscale_(optimizer)

    def step(self, optimizer: torch.optim.Optimizer) -> None:
        """Let the optimizer move, unless a gradient overflowed: then the scale falls, and the step is left out."""
        before = self._scaler.get_scale()
        self._scaler.step(optimizer)
        self._scaler.update()
        self.left_out = self._scaler.get_scale() < before

    def state(self) -> dict[str, float]:
        """Return what a checkpoint keeps; empty where nothing is scaled."""
        return {name: float(value) for name, value in self._scaler.state_dict().items()}

    def restore(self, state: dict[str, float]) -> None:
        """Take up what `state` returned."""
        if state:
            self._scaler.load_state_dict(
                {name: int(value) if name in _WHOLE else value for name, value in state.items()}
            )
