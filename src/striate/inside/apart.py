"""Pictures of a batch apart: whether a network, as it evaluates, gives each its scores whatever lies beside it.

Every explanation is of one picture, and is made in batches: of several pictures, or of many versions of one. Where the
others of a batch have a part in its scores, all these are of something else.
"""

from __future__ import annotations

from torch import nn
from torch.nn.modules.batchnorm import _BatchNorm

from striate.core.errors import DoesNotApply


def require_apart(network: nn.Module) -> None:
    """Refuse a network with a batch norm that has no statistics of its own, and so takes those of the batch.

    Instance norm without statistics takes those of each picture, and does no harm. What computes the statistics of a
    batch in other ways (`x.mean(0)`, `F.batch_norm(x, None, None, training=True)`) is not seen here.

    Raises:
        DoesNotApply: there is one; it is named.
    """
    for name, module in network.named_modules():
        if _by_the_batch(module):
            where = f"{name} of {type(network).__name__}" if name else type(network).__name__
            raise DoesNotApply(
                f"{where} is a batch norm without running statistics: it normalizes by the batch even when the network "
                "evaluates, so that pictures depend on each other: give it statistics (track_running_stats=True, and "
                "train or pass pictures through it once more), or take a network with instance or group norm"
            )


def _by_the_batch(module: nn.Module) -> bool:
    """Say so by what torch itself looks at: with statistics that are there, `track_running_stats` makes none."""
    scripted = getattr(module, "original_name", "") in _SCRIPTED
    if not scripted and not isinstance(module, _BatchNorm):
        return False
    return module.running_mean is None and module.running_var is None


_SCRIPTED = {"BatchNorm1d", "BatchNorm2d", "BatchNorm3d", "SyncBatchNorm"}
