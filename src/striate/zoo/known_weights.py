"""Published weights that are known by name: one file, one row. Strings and numbers only: listing them imports no torch.

File names, sizes, preparation of pictures and accuracies are those that torchvision 0.28 states for its own files. The
eight or more hexadecimal digits at the end of a file's name are the beginning of its SHA-256.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

from striate.core.catalog import Catalog

TORCHVISION = "https://download.pytorch.org/models/"
_IMAGENET = ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))
# Two networks of torchvision's turn ImageNet's mean and deviation into these before their first layer; ours do not.
_HALVES = ((0.5, 0.5, 0.5), (0.5, 0.5, 0.5))


@dataclass(frozen=True)
class Known:
    """Weights that somebody has published for 1000-class ImageNet.

    Args:
        name: what the user calls them.
        model: the network that they are of, by our name.
        file: the file's name, which ends in the beginning of its SHA-256.
        megabytes: the file's size, in millions of bytes.
        size: side of the input, in pixels.
        covered: what the shorter side of a picture is brought to before the middle is cut, in pixels.
        top1: accuracy in percent as published, on one center crop of each of the 50,000 validation pictures.
        top5: the same, where the truth may be any of the five highest scores.
        mean: of each channel, on the scale of 0 to 1.
        std: deviation of each channel.
    """

    name: str
    model: str
    file: str
    megabytes: int
    size: int
    covered: int
    top1: float
    top5: float
    mean: tuple[float, ...]
    std: tuple[float, ...]

    @property
    def url(self) -> str:
        """Where the file can be fetched from."""
        return TORCHVISION + self.file

    @property
    def digest(self) -> str:
        """The beginning of the file's SHA-256."""
        return self.file.rpartition("-")[2].partition(".")[0]

    @property
    def protocol(self) -> str:
        """How the accuracies were measured."""
        return f"ImageNet, one crop: {self.size} of {self.covered}"

    def preprocess(self) -> dict[str, Any]:
        """Return how pictures become the input, as the fields of a `Preprocess`."""
        return {
            "size": [self.size, self.size],
            "fit": "crop",
            "center": self.size / self.covered,
            "interpolation": "bilinear",
            "channels": 3,
            "mean": list(self.mean),
            "std": list(self.std),
        }


@cache
def imagenet_classes() -> tuple[str, ...]:
    """Return the names of ImageNet's 1000 classes in the order of the scores, equal ones told apart."""
    text = files("striate.zoo").joinpath("imagenet_classes.txt").read_text(encoding="utf-8")
    return tuple(text.splitlines())


def of_file(name: str) -> Known | None:
    """Return the known weights whose file has this name."""
    return next((row for row in KNOWN.values() if row.file == name), None)


def _rows(size: int, covered: int, statistics: tuple[Any, Any], *rows: tuple[Any, ...]) -> list[Known]:
    return [
        Known(f"torchvision:{name}", model or name, f"{file}.pth", megabytes, size, covered, top1, top5, *statistics)
        for name, model, file, megabytes, top1, top5 in rows
    ]


# fmt: off
_ROWS = [  # a row: torchvision's name, ours where it differs, file, megabytes, top-1 and top-5 accuracy
    *_rows(224, 256, _IMAGENET,
        ("alexnet", "alexnet_owt", "alexnet-owt-7be5be79", 244, 56.522, 79.066),
        ("vgg11", "", "vgg11-8a719046", 531, 69.020, 88.628),
        ("vgg13", "", "vgg13-19584684", 532, 69.928, 89.246),
        ("vgg16", "", "vgg16-397923af", 553, 71.592, 90.382),
        ("vgg19", "", "vgg19-dcbb9e9d", 575, 72.376, 90.876),
        ("vgg11_bn", "", "vgg11_bn-6002323d", 532, 70.370, 89.810),
        ("vgg13_bn", "", "vgg13_bn-abd245e5", 532, 71.586, 90.374),
        ("vgg16_bn", "", "vgg16_bn-6c64b313", 554, 73.360, 91.516),
        ("vgg19_bn", "", "vgg19_bn-c79401a0", 575, 74.218, 91.842),
        ("resnet18", "", "resnet18-f37072fd", 47, 69.758, 89.078),
        ("resnet34", "", "resnet34-b627a593", 87, 73.314, 91.420),
        ("resnet50", "", "resnet50-0676ba61", 103, 76.130, 92.862),
        ("resnet101", "", "resnet101-63fe2227", 179, 77.374, 93.546),
        ("resnet152", "", "resnet152-394f9c45", 242, 78.312, 94.046),
        ("densenet121", "", "densenet121-a639ec97", 32, 74.434, 91.972),
        ("densenet161", "", "densenet161-8d451a50", 116, 77.138, 93.560),
        ("densenet169", "", "densenet169-b2777c0a", 57, 75.600, 92.806),
        ("densenet201", "", "densenet201-c1103571", 81, 76.896, 93.370),
        ("squeezenet1_0", "", "squeezenet1_0-b66bff10", 5, 58.092, 80.420),
        ("squeezenet1_1", "", "squeezenet1_1-b8a52dc0", 5, 58.178, 80.624),
    ),
    *_rows(224, 256, _HALVES,
        ("googlenet", "googlenet_bn", "googlenet-1378be20", 52, 69.778, 89.530),
    ),
    *_rows(299, 342, _HALVES,
        ("inception_v3", "", "inception_v3_google-0cc3c7bd", 109, 77.294, 93.450),
    ),
    *_rows(224, 232, _IMAGENET,  # IMAGENET1K_V2: the same networks, trained longer
        ("resnet50.v2", "resnet50", "resnet50-11ad3fa6", 103, 80.858, 95.434),
        ("resnet101.v2", "resnet101", "resnet101-cd907fc2", 179, 81.886, 95.780),
        ("resnet152.v2", "resnet152", "resnet152-f82ba261", 242, 82.284, 96.002),
    ),
]
# fmt: on

KNOWN = Catalog("weights", {row.name: row for row in _ROWS})
