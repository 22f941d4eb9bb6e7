"""A classifier applied at every place of a larger picture, at the cost of one pass: its linear layers as convolutions.

Sermanet et al., 2013 (OverFeat), section 3.5; Simonyan and Zisserman, 2014 (VGG), section 3.2. A linear layer that
reads maps of h x w is a convolution with a kernel of h x w; those after it are 1x1. At the size that a network was made
for the scores are the same; of a larger picture there is a map of scores, of which the average is the answer.
"""

from collections import OrderedDict

from torch import nn

from striate.core.errors import DoesNotApply
from striate.layers.network import Network


def applied_densely(network: Network, size: tuple[int, int] | None = None, *, average: bool = True) -> Network:
    """Return `network` with its head as convolutions, for pictures of its own size and larger; the weights are shared.

    Args:
        network: left as it was; what trains one of the two trains both.
        size: as `convolutional` has it.
        average: give the mean over all places, (N, K), not the map of scores (N, K, h, w).

    Raises:
        DoesNotApply: as `convolutional`.
    """
    if not isinstance(network.head, nn.Sequential):
        raise DoesNotApply("only a head that is an nn.Sequential can be applied densely: put its layers into one")
    head = convolutional(network.head, size, average=average)
    return Network(network.stem, network.stages, head, notes=network.notes).train(network.training)


def convolutional(head: nn.Sequential, size: tuple[int, int] | None = None, *, average: bool = True) -> nn.Sequential:
    """Return a head that flattens maps and weighs them as one that keeps places apart; layers keep their names.

    Args:
        head: layers on maps, `nn.Flatten`, then linear layers with activations and dropout between. What stretches or
            averages maps to one size right before it flattens is left out.
        size: of the maps that are flattened; needed only where nothing before says it.
        average: end with the mean over all places, (N, K), not with the map of scores (N, K, h, w).

    Raises:
        DoesNotApply: the head has another form, or a layer that has no like among convolutions.
    """
    layers = list(head.named_children())
    flat = next((index for index, (_, layer) in enumerate(layers) if isinstance(layer, nn.Flatten)), None)
    if flat is None:
        raise DoesNotApply("a head without nn.Flatten cannot be applied densely: its vectors have no places")
    before, after = layers[:flat], layers[flat + 1 :]
    if before and isinstance(before[-1][1], nn.AdaptiveAvgPool2d):
        size = _pair(before.pop()[1].output_size)
    dense = OrderedDict(before)
    for name, layer in after:
        dense[name] = _like(name, layer, size)
        size = (1, 1) if isinstance(layer, nn.Linear) else size
    if average:
        dense.update(average=nn.AdaptiveAvgPool2d(1), flatten=nn.Flatten())
    return nn.Sequential(dense)


def _like(name: str, layer: nn.Module, size: tuple[int, int] | None) -> nn.Module:
    if not isinstance(layer, nn.Linear):
        if any(True for _ in layer.state_dict()):
            raise DoesNotApply(
                f"{name} ({type(layer).__name__}) has no like among convolutions; only linear layers have"
            )
        return layer
    if size is None:
        raise DoesNotApply(f"nothing says what size of maps {name} reads: pass size=(height, width)")
    channels, rest = divmod(layer.in_features, size[0] * size[1])
    if rest:
        raise DoesNotApply(f"{name} reads {layer.in_features} numbers, which are no maps of {size[0]} x {size[1]}")
    bias = layer.bias is not None
    same = nn.Conv2d(channels, layer.out_features, size, bias=bias, device="meta")  # the weights are there already
    same.weight = nn.Parameter(
        layer.weight.detach().view(layer.out_features, channels, *size), requires_grad=layer.weight.requires_grad
    )
    same.bias = layer.bias
    return same


def _pair(size: object) -> tuple[int, int]:
    height, width = size if isinstance(size, tuple) else (size, size)
    if not isinstance(height, int) or not isinstance(width, int):
        raise DoesNotApply(f"maps averaged to {size} are of no fixed size: build the head with a height and a width")
    return height, width
