"""The layers that give a network's scores: what is cut where the classes are others."""

from torch import nn

from striate.core.errors import DoesNotApply
from striate.layers.network import Network


def score_layers(network: nn.Module) -> tuple[str, ...]:
    """Return the names of the layers that give the scores: the last of the head, and of each auxiliary head.

    Raises:
        DoesNotApply: a network without a head of that name.
    """
    if not isinstance(network, Network):
        raise DoesNotApply(
            f"which layer of a {type(network).__name__} gives its scores is not known: load weights of the same "
            "classes, or use a network with stem, stages and head"
        )
    heads = {"head": network.head} | {f"auxiliary.{name}": head for name, head in network.auxiliary.items()}
    return tuple(f"{name}.{_last(head)}".rstrip(".") for name, head in heads.items())


def _last(head: nn.Module) -> str:
    """Return the name in `head` of the last layer that has values of its own; empty where that is `head` itself."""
    own = [name for name, layer in head.named_modules() if _has_values(layer)]
    return own[-1] if own else ""


def _has_values(layer: nn.Module) -> bool:
    return any(True for _ in (*layer.parameters(recurse=False), *layer.buffers(recurse=False)))
