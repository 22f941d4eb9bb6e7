"""CIFAR-100: Krizhevsky, 2009 (https://www.cs.toronto.edu/~kriz/cifar.html).

50,000 training and 10,000 test pictures, 32x32, color, of 100 fine classes in 20 coarse ones.
"""

from dataclasses import replace
from pathlib import Path

from striate.core.errors import DataError
from striate.data.table import Table
from striate.sources.cifar_editions import Layout, read_layout

# fmt: off
FINE = (
    "apple", "aquarium_fish", "baby", "bear", "beaver", "bed", "bee", "beetle", "bicycle", "bottle", "bowl", "boy",
    "bridge", "bus", "butterfly", "camel", "can", "castle", "caterpillar", "cattle", "chair", "chimpanzee", "clock",
    "cloud", "cockroach", "couch", "crab", "crocodile", "cup", "dinosaur", "dolphin", "elephant", "flatfish",
    "forest", "fox", "girl", "hamster", "house", "kangaroo", "keyboard", "lamp", "lawn_mower", "leopard", "lion",
    "lizard", "lobster", "man", "maple_tree", "motorcycle", "mountain", "mouse", "mushroom", "oak_tree", "orange",
    "orchid", "otter", "palm_tree", "pear", "pickup_truck", "pine_tree", "plain", "plate", "poppy", "porcupine",
    "possum", "rabbit", "raccoon", "ray", "road", "rocket", "rose", "sea", "seal", "shark", "shrew", "skunk",
    "skyscraper", "snail", "snake", "spider", "squirrel", "streetcar", "sunflower", "sweet_pepper", "table", "tank",
    "telephone", "television", "tiger", "tractor", "train", "trout", "tulip", "turtle", "wardrobe", "whale",
    "willow_tree", "wolf", "woman", "worm",
)
COARSE = (
    "aquatic_mammals", "fish", "flowers", "food_containers", "fruit_and_vegetables", "household_electrical_devices",
    "household_furniture", "insects", "large_carnivores", "large_man-made_outdoor_things",
    "large_natural_outdoor_scenes", "large_omnivores_and_herbivores", "medium_mammals", "non-insect_invertebrates",
    "people", "reptiles", "small_mammals", "trees", "vehicles_1", "vehicles_2",
)
# fmt: on

_FINE = Layout(
    source="cifar100",
    location="cifar100?labels=fine",
    folders=(
        "cifar-100-binary",
        "cifar100/cifar-100-binary",
        "cifar-100-python",
        "cifar100/cifar-100-python",
        "cifar100",
    ),
    files={"train": ("train",), "test": ("test",)},
    counts={"train": 50_000, "test": 10_000},
    classes=FINE,
    label_bytes=2,
    label_byte=1,
    label_key="fine_labels",
    names_file="fine_label_names.txt",
    names_key=("meta", "fine_label_names"),
    archives={
        "cifar-100-binary.tar.gz": "03b5dce01913d631647c71ecec9e9cb8",
        "cifar-100-python.tar.gz": "eb9058c3a382ffc7106e4002c42a8d85",
    },
)
_LAYOUTS = {
    "fine": _FINE,
    "coarse": replace(
        _FINE,
        location="cifar100?labels=coarse",
        classes=COARSE,
        label_byte=0,
        label_key="coarse_labels",
        names_file="coarse_label_names.txt",
        names_key=("meta", "coarse_label_names"),
    ),
}


def read(location: Path | None = None, *, labels: str = "fine") -> Table:
    """Read either edition at `location`, in `cifar100` or its own folder beneath it, or in the user's place for data.

    Args:
        location: where the files lie.
        labels: "fine" for the 100 classes, "coarse" for the 20.

    Raises:
        DataError: files are absent, truncated or not what they claim to be; `labels` is neither.
    """
    if labels not in _LAYOUTS:
        raise DataError(f"cifar100: option labels='{labels}' is not allowed: give fine or coarse")
    return read_layout(_LAYOUTS[labels], location)
