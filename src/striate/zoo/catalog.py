"""Every network by name: one variant, one row. Strings and numbers only, so that listing them imports no torch.

`parameters` are the trainable ones that inference needs. `macs` are the multiply-accumulates of one picture in
convolutions and linear layers, at the row's own size; a connection that a table leaves out is not counted.
Where a number or a default is in no paper, the family's file says so.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from striate.core.catalog import Catalog


@dataclass(frozen=True)
class Row:
    """One network as published.

    Args:
        name: what the user calls it.
        family: the file in `striate.zoo` that builds it.
        year: of the paper.
        parameters: trainable, without auxiliary heads.
        macs: multiply-accumulates of one picture.
        image_size: height and width it was made for.
        in_channels: channels of the pictures it was made for.
        num_classes: scores it gives by default.
        title: what it is, in one line.
        published: what it is known to reach, with the data; empty where no number was published.
        options: the family's options with this variant's defaults.
    """

    name: str
    family: str
    year: int
    parameters: int
    macs: int
    image_size: tuple[int, int]
    in_channels: int
    num_classes: int
    title: str
    published: str = ""
    options: Mapping[str, str | float] = field(default_factory=dict)

    @property
    def module(self) -> str:
        """The dotted path of the family's module."""
        return f"striate.zoo.{self.family}"


def _family(
    family: str, made_for: tuple[Any, Any, Any], options: Mapping[str, Any], *rows: tuple[Any, ...]
) -> list[Row]:
    return [
        Row(name, family, year, parameters, macs, *made_for, title, published, {**options, **changes})
        for name, year, parameters, macs, title, published, changes in rows
    ]


_GRAY = ((28, 28), 1, 10)  # MNIST's pictures and classes
_PADDED = ((32, 32), 1, 10)  # the same, on LeNet-5's larger field
_CIFAR = ((32, 32), 3, 10)
_MLP = {"activation": "squash", "dropout": 0.0, "input_dropout": 0.0, "norm": "none", "init": "auto"}
_DROPOUT = {"activation": "relu", "dropout": 0.5, "input_dropout": 0.2}  # as Srivastava et al. have it

# fmt: off
_ROWS = [  # a row: name, year, parameters, MACs, title, published result, its own options
    *_family("linear", _GRAY, {},
        ("linear", 1990, 7_850, 7_840, "softmax regression on the pixels", "MNIST 12.0 % error (squared loss)", {}),
    ),
    *_family("perceptron", _GRAY, {},
        ("perceptron", 1958, 7_850, 7_840, "the linear map for Rosenblatt's rule; weights start at zero", "", {}),
    ),
    *_family("mlp", _GRAY, _MLP,
        ("mlp", 2014, 2_913_290, 2_910_208, "784-1024-1024-1024-10, dropout", "MNIST 1.25 % error", _DROPOUT),
        ("mlp_300", 1998, 238_510, 238_200, "784-300-10", "MNIST 4.7 % error", {}),
        ("mlp_1000", 1998, 795_010, 794_000, "784-1000-10", "MNIST 4.5 % error", {}),
        ("mlp_300_100", 1998, 266_610, 266_200, "784-300-100-10", "MNIST 3.05 % error", {}),
        ("mlp_500_150", 1998, 469_160, 468_500, "784-500-150-10", "MNIST 2.95 % error", {}),
        ("mlp_800", 2003, 636_010, 635_200, "784-800-10", "MNIST 1.6 % error", {"activation": "tanh"}),
        ("mlp_500_300", 2005, 545_810, 545_000, "784-500-300-10", "MNIST 1.53 % error", {"activation": "sigmoid"}),
        ("mlp_512_512", 2015, 669_706, 668_672, "784-512-512-10, dropout", "", {"activation": "relu", "dropout": 0.2}),
        ("mlp_100x3", 2015, 99_710, 99_400, "784-100-100-100-10, the batch normalization paper's", "",
            {"activation": "sigmoid", "init": "gaussian"}),
    ),
    *_family("alvinn", ((30, 32), 1, 30), {"activation": "tanh", "output": "sigmoid"},
        ("alvinn", 1991, 4_985, 4_950, "960-5-30, from the picture of a road to a steering direction", "", {}),
    ),
    *_family("lenet", _GRAY, {"output": "squash"},
        ("lenet1", 1989, 2_578, 91_520, "4 and 12 maps, joined by a table", "MNIST 1.7 % error", {}),
    ),
    *_family("lenet", _PADDED, {"codes": "auto"},
        ("lenet5", 1998, 60_000, 325_680, "as published: C3 by a table, trained subsampling, radial basis output",
            "MNIST 0.95 % error", {}),
    ),
    *_family("lenet", _PADDED, {"activation": "relu", "pool": "max"},
        ("lenet5_modern", 1998, 61_706, 416_520, "the popular form: full C3, pooling, linear output", "", {}),
    ),
    *_family("cifar_resnet", _CIFAR, {"shortcut": "A"},
        ("resnet20", 2015, 269_722, 40_551_040, "3 residual blocks in each stage", "CIFAR-10 8.75 % error", {}),
        ("resnet32", 2015, 464_154, 68_862_592, "5 residual blocks in each stage", "CIFAR-10 7.51 % error", {}),
        ("resnet44", 2015, 658_586, 97_174_144, "7 residual blocks in each stage", "CIFAR-10 7.17 % error", {}),
        ("resnet56", 2015, 853_018, 125_485_696, "9 residual blocks in each stage", "CIFAR-10 6.97 % error", {}),
        ("resnet110", 2015, 1_727_962, 252_887_680, "18 residual blocks in each stage",
            "CIFAR-10 6.61 % error, mean of 5 runs", {}),
        ("resnet1202", 2015, 19_421_274, 2_829_238_912, "200 residual blocks in each stage",
            "CIFAR-10 7.93 % error", {}),
    ),
    *_family("cifar_resnet", _CIFAR, {},
        ("plain20", 2015, 269_722, 40_551_040, "resnet20 without shortcuts", "", {}),
        ("plain32", 2015, 464_154, 68_862_592, "resnet32 without shortcuts", "", {}),
        ("plain44", 2015, 658_586, 97_174_144, "resnet44 without shortcuts", "", {}),
        ("plain56", 2015, 853_018, 125_485_696, "resnet56 without shortcuts", "", {}),
        ("plain110", 2015, 1_727_962, 252_887_680, "resnet110 without shortcuts", "CIFAR-10 above 60 % error", {}),
    ),
]
# fmt: on

MODELS = Catalog("model", {row.name: row for row in _ROWS})
