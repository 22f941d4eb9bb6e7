"""Training in less memory: what a block kept for its gradient is computed a second time instead.

Chen, Xu, Zhang and Guestrin, 2016 (https://arxiv.org/abs/1604.06174). The second pass gives the same numbers, dropout
included, and leaves batch norm's running statistics alone, so that only time and memory differ.
"""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext

from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm
from torch.utils.checkpoint import checkpoint

CHECKPOINTING = ("off", "on")  # as families offer it


class Checkpointed(nn.Sequential):
    """A chain of layers that in training keeps its input alone for the backward pass."""

    def forward(self, x: Tensor) -> Tensor:
        """Return what the chain makes of `x`."""
        return recomputed(self, self._chain, x) if self.training else self._chain(x)

    def _chain(self, x: Tensor) -> Tensor:
        for layer in self:
            x = layer(x)
        return x


def recomputed(module: nn.Module, function: Callable[..., Tensor], *inputs: Tensor) -> Tensor:
    """Return `function(*inputs)`, of which nothing but the inputs is kept for the backward pass.

    Args:
        module: holds every batch norm that `function` calls.
        function: what is computed now, and a second time in the backward pass.
        inputs: what it is called with.
    """

    def contexts() -> tuple[AbstractContextManager[None], AbstractContextManager[None]]:
        return nullcontext(), _unmoved_statistics(module)

    result: Tensor = checkpoint(function, *inputs, use_reentrant=False, context_fn=contexts)
    return result


@contextmanager
def _unmoved_statistics(module: nn.Module) -> Iterator[None]:
    norms = [layer for layer in module.modules() if isinstance(layer, _BatchNorm)]
    usual = [(norm.momentum, norm.num_batches_tracked) for norm in norms]
    for norm in norms:
        norm.momentum, norm.num_batches_tracked = 0.0, None  # nothing of this batch is added, and it is not counted
    try:
        yield
    finally:
        for norm, (momentum, counter) in zip(norms, usual, strict=True):
            norm.momentum, norm.num_batches_tracked = momentum, counter
