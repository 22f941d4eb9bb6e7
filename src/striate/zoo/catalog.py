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
        depth: convolutions and fully connected layers on the longest way from the picture to the scores.
        image_size: height and width it was made for.
        in_channels: channels of the pictures it was made for.
        num_classes: scores it gives by default.
        title: what it is, in one line.
        options: the family's options with this variant's defaults.
    """

    name: str
    family: str
    year: int
    parameters: int
    macs: int
    depth: int
    image_size: tuple[int, int]
    in_channels: int
    num_classes: int
    title: str
    options: Mapping[str, str | float] = field(default_factory=dict)

    @property
    def module(self) -> str:
        """The dotted path of the family's module."""
        return f"striate.zoo.{self.family}"


def _family(
    family: str, made_for: tuple[Any, Any, Any], options: Mapping[str, Any], *rows: tuple[Any, ...]
) -> list[Row]:
    return [
        Row(name, family, year, parameters, macs, depth, *made_for, title, {**options, **changes})
        for name, year, parameters, macs, depth, title, changes in rows
    ]


_GRAY = ((28, 28), 1, 10)  # MNIST's pictures and classes
_PADDED = ((32, 32), 1, 10)  # the same, on LeNet-5's larger field
_CIFAR = ((32, 32), 3, 10)
_IMAGENET = ((224, 224), 3, 1000)
_INCEPTION = ((299, 299), 3, 1000)
_MLP = {"activation": "squash", "dropout": 0.0, "input_dropout": 0.0, "norm": "none", "init": "auto"}
_DROP = {"dropout": 0.5, "init": "published", "stem": "auto"}  # of the networks before batch norm
_DENSENET = {"dropout": 0.0, "checkpointing": "off"}
_RESNET = {"shortcut": "B", "stem": "auto", "init": "he"}
_DROPOUT = {"activation": "relu", "dropout": 0.5, "input_dropout": 0.2}  # as Srivastava et al. have it

# fmt: off
_ROWS = [  # a row: name, year, parameters, MACs, depth, title, its own options
    *_family("linear", _GRAY, {},
        ("linear", 1990, 7_850, 7_840, 1, "softmax regression on the pixels", {}),
    ),
    *_family("perceptron", _GRAY, {},
        ("perceptron", 1958, 7_850, 7_840, 1, "the linear map for Rosenblatt's rule; weights start at zero", {}),
    ),
    *_family("mlp", _GRAY, _MLP,
        ("mlp", 2014, 2_913_290, 2_910_208, 4, "784-1024-1024-1024-10, dropout", _DROPOUT),
        ("mlp_300", 1998, 238_510, 238_200, 2, "784-300-10", {}),
        ("mlp_1000", 1998, 795_010, 794_000, 2, "784-1000-10", {}),
        ("mlp_300_100", 1998, 266_610, 266_200, 3, "784-300-100-10", {}),
        ("mlp_500_150", 1998, 469_160, 468_500, 3, "784-500-150-10", {}),
        ("mlp_800", 2003, 636_010, 635_200, 2, "784-800-10", {"activation": "tanh"}),
        ("mlp_500_300", 2005, 545_810, 545_000, 3, "784-500-300-10", {"activation": "sigmoid"}),
        ("mlp_512_512", 2015, 669_706, 668_672, 3, "784-512-512-10, dropout", {"activation": "relu", "dropout": 0.2}),
        ("mlp_100x3", 2015, 99_710, 99_400, 4, "784-100-100-100-10, the batch normalization paper's",
            {"activation": "sigmoid", "init": "gaussian"}),
    ),
    *_family("alvinn", ((30, 32), 1, 30), {"activation": "tanh", "output": "sigmoid"},
        ("alvinn", 1991, 4_985, 4_950, 2, "960-5-30, from the picture of a road to a steering direction", {}),
    ),
    *_family("lenet", _GRAY, {"output": "squash"},
        ("lenet1", 1989, 2_578, 91_520, 3, "4 and 12 maps, joined by a table", {}),
    ),
    *_family("lenet", _PADDED, {"codes": "auto"},
        ("lenet5", 1998, 60_000, 325_680, 4, "as published: C3 by a table, trained subsampling, radial basis output",
            {}),
    ),
    *_family("lenet", _PADDED, {"activation": "relu", "pool": "max"},
        ("lenet5_modern", 1998, 61_706, 416_520, 5, "the popular form: full C3, pooling, linear output", {}),
    ),
    *_family("cifar_resnet", _CIFAR, {"shortcut": "A", "init": "he"},
        ("resnet20", 2015, 269_722, 40_551_040, 20, "3 residual blocks in each stage", {}),
        ("resnet32", 2015, 464_154, 68_862_592, 32, "5 residual blocks in each stage", {}),
        ("resnet44", 2015, 658_586, 97_174_144, 44, "7 residual blocks in each stage", {}),
        ("resnet56", 2015, 853_018, 125_485_696, 56, "9 residual blocks in each stage", {}),
        ("resnet110", 2015, 1_727_962, 252_887_680, 110, "18 residual blocks in each stage", {}),
        ("resnet1202", 2015, 19_421_274, 2_829_238_912, 1202, "200 residual blocks in each stage", {}),
    ),
    *_family("cifar_resnet", _CIFAR, {},
        ("plain20", 2015, 269_722, 40_551_040, 20, "resnet20 without shortcuts", {}),
        ("plain32", 2015, 464_154, 68_862_592, 32, "resnet32 without shortcuts", {}),
        ("plain44", 2015, 658_586, 97_174_144, 44, "resnet44 without shortcuts", {}),
        ("plain56", 2015, 853_018, 125_485_696, 56, "resnet56 without shortcuts", {}),
        ("plain110", 2015, 1_727_962, 252_887_680, 110, "resnet110 without shortcuts", {}),
    ),
    *_family("alexnet", ((227, 227), 3, 1000), _DROP,
        ("alexnet", 2012, 60_965_224, 724_406_816, 8, "as published: two towers, local response normalization", {}),
        ("alexnet_one_tower", 2012, 62_378_344, 1_135_256_096, 8, "alexnet without groups", {}),
    ),
    *_family("alexnet", _IMAGENET, {**_DROP, "init": "he"},
        ("alexnet_owt", 2014, 61_100_840, 714_188_480, 8, "torchvision's: 64-192-384-256-256, no normalization", {}),
    ),
    *_family("zfnet", _IMAGENET, {**_DROP, "norm": "response"},
        ("zfnet", 2013, 62_357_608, 1_168_032_896, 8, "96-256-384-384-256", {}),
        ("zfnet_wide", 2013, 107_627_624, 2_476_704_896, 8, "96-256-512-1024-512", {}),
    ),
    *_family("overfeat", ((231, 231), 3, 1000), _DROP,
        ("overfeat_fast", 2013, 145_920_872, 2_801_403_904, 8, "5 convolutions and 3 fully connected layers", {}),
    ),
    *_family("overfeat", ((221, 221), 3, 1000), _DROP,
        ("overfeat_accurate", 2013, 144_656_488, 5_355_446_784, 9, "6 convolutions and 3 fully connected layers", {}),
    ),
    *_family("nin", _CIFAR, {"dropout": 0.5, "norm": "none", "init": "published"},
        ("nin_cifar10", 2013, 966_986, 222_486_528, 9, "3 convolutions, each with two of 1x1", {}),
    ),
    *_family("nin", ((227, 227), 3, 1000), {**_DROP, "norm": "none"},
        ("nin_imagenet", 2013, 7_595_176, 1_105_996_320, 12, "4 convolutions, each with two of 1x1", {}),
    ),
    *_family("vgg", _IMAGENET, {**_DROP, "init": "glorot"},
        ("vgg11", 2014, 132_863_336, 7_609_090_048, 11, "A: 8 convolutions", {}),
        ("vgg13", 2014, 133_047_848, 11_308_466_176, 13, "B: 10 convolutions", {}),
        ("vgg16", 2014, 138_357_544, 15_470_264_320, 16, "D: 13 convolutions", {}),
        ("vgg16_c", 2014, 133_638_952, 11_770_888_192, 16, "C: 13 convolutions, three of them 1x1", {}),
        ("vgg19", 2014, 143_667_240, 19_632_062_464, 19, "E: 16 convolutions", {}),
    ),
    *_family("vgg", _IMAGENET, {**_DROP, "init": "he"},
        ("vgg11_bn", 2014, 132_868_840, 7_609_090_048, 11, "vgg11 with batch norm", {}),
        ("vgg13_bn", 2014, 133_053_736, 11_308_466_176, 13, "vgg13 with batch norm", {}),
        ("vgg16_bn", 2014, 138_365_992, 15_470_264_320, 16, "vgg16 with batch norm", {}),
        ("vgg19_bn", 2014, 143_678_248, 19_632_062_464, 19, "vgg19 with batch norm", {}),
    ),
    *_family("googlenet", _IMAGENET, {"dropout": 0.4, "auxiliary": "on", "init": "glorot", "stem": "auto"},
        ("googlenet", 2014, 6_998_552, 1_582_671_872, 22, "as published: 9 modules, no batch norm", {}),
        ("googlenet_bn", 2014, 6_624_904, 1_498_376_192, 22, "torchvision's: batch norm, 3x3 in place of 5x5",
            {"dropout": 0.2, "init": "he"}),
        ("googlenet_naive", 2014, 97_526_008, 12_568_061_056, 13, "modules without reductions, whose width grows", {}),
    ),
    *_family("bn_inception", _IMAGENET, {"dropout": 0.0, "stem": "auto"},
        ("bn_inception", 2015, 11_194_984, 2_018_851_840, 34,
            "the paper's table: 576 channels throughout the second stage", {}),
        ("bn_inception_caffe", 2015, 11_295_240, 2_032_600_064, 34,
            "the shared Caffe weights': 608 channels in 4c and 4d", {}),
    ),
    *_family("inception", _INCEPTION, {"auxiliary": "on", "stem": "auto"},
        ("inception_v2", 2015, 22_459_976, 5_342_829_152, 53, "the lectures' table: 10 modules of factorized filters",
            {"factorized": "3x3", "dropout": 0.0}),
    ),
    *_family("inception", _INCEPTION, {"dropout": 0.5, "auxiliary": "on", "stem": "auto"},
        ("inception_v3", 2015, 23_834_568, 5_713_216_096, 48, "11 modules of factorized filters", {}),
    ),
    *_family("inception_v4", _INCEPTION, {"dropout": 0.2, "stem": "auto"},
        ("inception_v4", 2016, 42_679_816, 12_253_974_624, 76, "4-7-3 uniform modules", {}),
    ),
    *_family("inception_resnet", _INCEPTION, {"dropout": 0.2, "stem": "auto"},
        ("inception_resnet_v1", 2016, 23_995_624, 6_308_235_360, 98, "5-10-6 residual modules, then 512 units",
            {"head": "embedding"}),
        ("inception_resnet_v2", 2016, 55_843_464, 13_155_794_016, 176, "10-20-10 residual modules, as released", {}),
    ),
    *_family("resnet", _IMAGENET, _RESNET,
        ("resnet18", 2015, 11_689_512, 1_814_073_344, 18, "2-2-2-2 basic blocks", {}),
        ("resnet34", 2015, 21_797_672, 3_663_761_408, 34, "3-4-6-3 basic blocks", {}),
        ("resnet50", 2015, 25_557_032, 4_089_184_256, 50, "3-4-6-3 bottlenecks, stride in the 3x3 (v1.5)", {}),
        ("resnet101", 2015, 44_549_160, 7_801_405_440, 101, "3-4-23-3 bottlenecks, stride in the 3x3 (v1.5)", {}),
        ("resnet152", 2015, 60_192_808, 11_513_626_624, 152, "3-8-36-3 bottlenecks, stride in the 3x3 (v1.5)", {}),
        ("resnet50_v1", 2015, 25_557_032, 3_857_973_248, 50, "resnet50 as published: stride in the first 1x1", {}),
        ("resnet101_v1", 2015, 44_549_160, 7_570_194_432, 101, "resnet101 as published: stride in the first 1x1", {}),
        ("resnet152_v1", 2015, 60_192_808, 11_282_415_616, 152, "resnet152 as published: stride in the first 1x1", {}),
    ),
    *_family("resnet", _IMAGENET, {"stem": "auto"},
        ("plain18", 2015, 11_515_688, 1_794_805_760, 18, "resnet18 without shortcuts", {}),
        ("plain34", 2015, 21_623_848, 3_644_493_824, 34, "resnet34 without shortcuts", {}),
    ),
    *_family("preresnet", _CIFAR, {"checkpointing": "off", "init": "he"},
        ("preresnet164", 2016, 1_703_258, 244_500_992, 164, "18 bottlenecks in each stage", {}),
        ("preresnet1001", 2016, 10_327_706, 1_487_849_984, 1001, "111 bottlenecks in each stage", {}),
    ),
    *_family("densenet", _IMAGENET, {**_DENSENET, "stem": "auto"},
        ("densenet121", 2016, 7_978_856, 2_834_161_664, 121, "6-12-24-16 layers that add 32 maps each", {}),
        ("densenet169", 2016, 14_149_480, 3_359_843_328, 169, "6-12-32-32 layers that add 32 maps each", {}),
        ("densenet201", 2016, 20_013_928, 4_291_365_888, 201, "6-12-48-32 layers that add 32 maps each", {}),
        ("densenet161", 2016, 28_681_000, 7_727_907_072, 161, "6-12-36-24 layers that add 48 maps each", {}),
        ("densenet264", 2016, 33_337_704, 5_751_653_376, 265, "6-12-64-48 layers that add 32 maps each", {}),
    ),
    *_family("densenet", _CIFAR, _DENSENET,
        ("densenet_40_12", 2016, 1_019_722, 264_812_928, 40, "40 layers that add 12 maps each", {}),
        ("densenet_100_12", 2016, 6_979_642, 1_769_516_448, 100, "100 layers that add 12 maps each", {}),
        ("densenet_100_24", 2016, 27_249_082, 6_889_347_744, 100, "100 layers that add 24 maps each", {}),
        ("densenet_bc_100_12", 2016, 769_162, 287_929_692, 100, "bottlenecks and compression, k = 12", {}),
        ("densenet_bc_250_24", 2016, 15_324_406, 5_418_785_724, 250, "bottlenecks and compression, k = 24", {}),
        ("densenet_bc_190_40", 2016, 25_624_430, 9_301_945_740, 190, "bottlenecks and compression, k = 40", {}),
    ),
    *_family("squeezenet", _IMAGENET, {**_DROP, "init": "glorot"},
        ("squeezenet1_0", 2016, 1_248_424, 818_924_576, 18, "8 fire modules, pooling after 1, 4 and 8", {}),
        ("squeezenet1_1", 2016, 1_235_496, 349_151_936, 18, "8 fire modules, pooling after 1, 3 and 5", {}),
    ),
    *_family("enet", _IMAGENET, {"dropout": 0.1, "stem": "auto"},
        ("enet", 2016, 446_244, 289_380_096, 72, "the encoder for segmentation as a classifier, in its usual form", {}),
        ("enet_torch7", 2016, 466_519, 311_206_656, 72, "the encoder for segmentation as a classifier, as released",
            {}),
    ),
    *_family("airbench", _CIFAR, {},
        ("airbench94", 2024, 1_971_640, 118_147_360, 8, "6 convolutions, 94 % in seconds on a GPU; 1,152 fixed", {}),
    ),
    *_family("convnet", _GRAY, {"activation": "relu", "pool": "max"},
        ("lecture_mnist_conv", 2019, 11_274, 791_840, 3, "the lectures' network for MNIST: 5x5x8, 5x5x16", {}),
    ),
    *_family("convnet", _CIFAR, {"activation": "relu", "pool": "max"},
        ("lecture_conv3", 2019, 9_498, 1_471_488, 4, "the lectures' layers: 5x5x8, 5x5x16, 1x1x32", {}),
    ),
]
# fmt: on

MODELS = Catalog("model", {row.name: row for row in _ROWS})
