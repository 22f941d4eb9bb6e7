"""LeNet-1: LeCun, Boser, Denker et al., 1989; LeNet-5: LeCun, Bottou, Bengio and Haffner, 1998.

- https://papers.nips.cc/paper/1989/hash/53c3bce66e43be4f209556518c2fcb54-Abstract.html
- https://doi.org/10.1109/5.726791

Weights shared over the picture, so that a stroke is found wherever it is; subsampling, so that where exactly no
longer matters. `lenet5_modern` is the net that goes by the name today.
"""

from collections import OrderedDict
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from striate.core.errors import DoesNotApply
from striate.layers.activations import ACTIVATIONS, Squash
from striate.layers.network import Network
from striate.zoo import codes
from striate.zoo.options import Allowed, resolve
from striate.zoo.sizes import require

# Table 1 of 1989: the maps of H2 that each map of H3 reads; two halves that do not meet
H3 = ((0,), (0, 1), (0, 1), (1,), (0, 1), (0, 1), (2,), (2, 3), (2, 3), (3,), (2, 3), (2, 3))
# Table I of 1998: the maps of S2 that each map of C3 reads
C3 = (
    *((0, 1, 2), (1, 2, 3), (2, 3, 4), (3, 4, 5), (0, 4, 5), (0, 1, 5)),
    *((0, 1, 2, 3), (1, 2, 3, 4), (2, 3, 4, 5), (0, 3, 4, 5), (0, 1, 4, 5), (0, 1, 2, 5)),
    *((0, 1, 3, 4), (1, 2, 4, 5), (0, 2, 3, 5)),
    (0, 1, 2, 3, 4, 5),
)
OPTIONS: dict[str, Allowed] = {
    "output": ("squash", "linear"),  # lenet1's: as published its outputs are squashed, for targets of +1 and -1
    "codes": ("auto", "digits", "orthogonal"),  # lenet5's: auto is the pictures of the digits for 10 classes
    "activation": tuple(ACTIVATIONS),
    "pool": ("max", "average"),
}
SMALLEST = 16  # two 5 x 5 convolutions, each halved, leave one unit


class TableConv2d(nn.Module):
    """A convolution in which each output map reads only the input maps that `table` lists for it.

    Its weights are those of the links alone, (links, k, k), spread into a full kernel with zeros at each call:
    many times faster than a convolution for each map, and nothing that could be trained is missing or too much.
    """

    links: Tensor

    def __init__(self, c_in: int, table: tuple[tuple[int, ...], ...], kernel: int) -> None:
        super().__init__()
        self.in_channels, self.table = c_in, table
        places = [output * c_in + source for output, sources in enumerate(table) for source in sources]
        self.register_buffer("links", torch.tensor(places), persistent=False)
        self.weight = nn.Parameter(torch.empty(len(places), kernel, kernel))
        self.bias = nn.Parameter(torch.empty(len(table)))
        with torch.no_grad():
            for map_weights, sources in zip(torch.split(self.weight, [len(s) for s in table]), table, strict=True):
                _uniform(map_weights, len(sources) * kernel**2)
            for bias, sources in zip(self.bias, table, strict=True):
                _uniform(bias, len(sources) * kernel**2)

    @property
    def density(self) -> Fraction:
        """The part of a full convolution's connections that the table has."""
        return Fraction(len(self.links), len(self.table) * self.in_channels)

    def dense_weight(self) -> Tensor:
        """Return the same convolution's full kernel (outputs, inputs, k, k)."""
        shape = self.weight.shape[1:]
        full = self.weight.new_zeros(len(self.table) * self.in_channels, *shape)
        return full.index_copy(0, self.links, self.weight).view(len(self.table), self.in_channels, *shape)

    def forward(self, x: Tensor) -> Tensor:
        """Take maps (N, inputs, h, w) to (N, outputs, h - k + 1, w - k + 1)."""
        return F.conv2d(x, self.dense_weight(), self.bias)


class Subsample(nn.Module):
    """Sums of 2 x 2 units without overlap, times one trained coefficient a map, plus one trained bias."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.coefficient = nn.Parameter(_uniform(torch.empty(channels, 1, 1), 4))
        self.bias = nn.Parameter(_uniform(torch.empty(channels, 1, 1), 4))

    def forward(self, x: Tensor) -> Tensor:
        """Halve the size of maps (N, C, h, w); an odd last row or column is left out."""
        return F.avg_pool2d(x, 2) * (4 * self.coefficient) + self.bias


class RadialBasis(nn.Module):
    """Minus the squared distance of each vector to each class's code, equation 7 of 1998 with its sign turned."""

    codes: Tensor

    def __init__(self, class_codes: Tensor) -> None:
        super().__init__()
        self.register_buffer("codes", class_codes)

    def forward(self, x: Tensor) -> Tensor:
        """Return scores (N, K) for vectors (N, 84), in the precision of the codes."""
        return -(x.to(self.codes.dtype)[:, None] - self.codes).square().sum(dim=2)


def _uniform(weight: Tensor, fan_in: int) -> Tensor:
    # the 1998 paper's start: every weight and bias within 2.4 over the number of inputs
    return nn.init.uniform_(weight, -2.4 / fan_in, 2.4 / fan_in)


def _published(layer: nn.Conv2d | nn.Linear) -> nn.Module:
    fan_in = layer.weight[0].numel()
    for parameter in layer.parameters():
        _uniform(parameter, fan_in)
    return layer


def _lenet1(num_classes: int, in_channels: int, left: tuple[int, int], *, output: str) -> Network:
    h1 = OrderedDict(h1=_published(nn.Conv2d(in_channels, 4, 5)), squash=Squash())
    h3 = OrderedDict(h2=Subsample(4), squash2=Squash(), h3=TableConv2d(4, H3, 5), squash=Squash())
    head = OrderedDict[str, nn.Module](h4=Subsample(12), squash4=Squash(), flatten=nn.Flatten())
    head["output"] = _published(nn.Linear(12 * left[0] * left[1], num_classes))
    if output == "squash":
        head["squash"] = Squash()
    return Network(nn.Identity(), [nn.Sequential(h1), nn.Sequential(h3)], nn.Sequential(head))


def _lenet5(num_classes: int, in_channels: int, left: tuple[int, int], *, codes: str) -> Network:
    c1 = OrderedDict(c1=_published(nn.Conv2d(in_channels, 6, 5)), squash=Squash())
    c3 = OrderedDict(s2=Subsample(6), squash2=Squash(), c3=TableConv2d(6, C3, 5), squash=Squash())
    head = OrderedDict[str, nn.Module](s4=Subsample(16), squash4=Squash())
    head.update(c5=_published(nn.Conv2d(16, 120, left)), squash5=Squash(), flatten=nn.Flatten())
    head.update(f6=_published(nn.Linear(120, 84)), squash6=Squash())
    chosen, note = _class_codes(num_classes, codes)
    head["rbf"] = RadialBasis(chosen)
    return Network(nn.Identity(), [nn.Sequential(c1), nn.Sequential(c3)], nn.Sequential(head), notes=note)


def _lenet5_modern(num_classes: int, in_channels: int, left: tuple[int, int], *, activation: str, pool: str) -> Network:
    # torch's own start, as in the many copies of this net
    act = ACTIVATIONS[activation]
    halve: Callable[[], nn.Module] = {"max": lambda: nn.MaxPool2d(2), "average": lambda: nn.AvgPool2d(2)}[pool]
    c1 = OrderedDict(c1=nn.Conv2d(in_channels, 6, 5), act=act())
    c3 = OrderedDict(s2=halve(), c3=nn.Conv2d(6, 16, 5), act=act())
    head = OrderedDict[str, nn.Module](s4=halve(), c5=nn.Conv2d(16, 120, left), act5=act(), flatten=nn.Flatten())
    head.update(f6=nn.Linear(120, 84), act6=act(), output=nn.Linear(84, num_classes))
    return Network(nn.Identity(), [nn.Sequential(c1), nn.Sequential(c3)], nn.Sequential(head))


VARIANTS: dict[str, Callable[..., Network]] = {"lenet1": _lenet1, "lenet5": _lenet5, "lenet5_modern": _lenet5_modern}


def build(name: str, *, num_classes: int, in_channels: int, image_size: tuple[int, int], **options: Any) -> Network:
    """Build `name` for pictures of 16 x 16 and more; the layer after the second subsampling covers what it leaves.

    The stages are the two convolutions with their squashing, named as in the papers; the rest is the head.
    """
    chosen = resolve(name, options, OPTIONS)
    require(name, image_size, SMALLEST, 28 if name == "lenet1" else 32)
    height, width = (((side - 4) // 2 - 4) // 2 for side in image_size)
    return VARIANTS[name](num_classes, in_channels, (height, width), **chosen)


def _class_codes(num_classes: int, choice: str) -> tuple[Tensor, tuple[str, ...]]:
    drawn = choice == "digits" or (choice == "auto" and num_classes == 10)
    all_codes = codes.digits() if drawn else codes.orthogonal()
    if num_classes > len(all_codes):
        remedy = "pass codes=orthogonal, which has 168" if drawn else "use lenet5_modern, whose output is linear"
        raise DoesNotApply(
            f"lenet5 has {len(all_codes)} {'digit' if drawn else 'orthogonal'} codes, not {num_classes}: {remedy}"
        )
    note = f"lenet5's {num_classes} classes are coded by rows of a Hadamard matrix, not by pictures of characters"
    return all_codes[:num_classes].clone(), () if drawn else (note,)
