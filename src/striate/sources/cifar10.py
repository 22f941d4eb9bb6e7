"""CIFAR-10: Krizhevsky, 2009 (https://www.cs.toronto.edu/~kriz/cifar.html).

50,000 training and 10,000 test pictures, 32x32, color, of ten classes.
"""

from pathlib import Path

from striate.data.table import Table
from striate.sources.cifar_editions import Layout, read_layout

CLASSES = ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")

_LAYOUT = Layout(
    source="cifar10",
    location="cifar10",
    folders=(
        "cifar-10-batches-bin",
        "cifar10/cifar-10-batches-bin",
        "cifar-10-batches-py",
        "cifar10/cifar-10-batches-py",
        "cifar10",
    ),
    files={"train": tuple(f"data_batch_{i}" for i in range(1, 6)), "test": ("test_batch",)},
    counts={"train": 50_000, "test": 10_000},
    classes=CLASSES,
    label_bytes=1,
    label_byte=0,
    label_key="labels",
    names_file="batches.meta.txt",
    names_key=("batches.meta", "label_names"),
    archives={
        "cifar-10-binary.tar.gz": "c32a1d4ab5d03f1284b67883e8d87530",
        "cifar-10-python.tar.gz": "c58f30108f718f92721af3b95e74349a",
    },
)


def read(location: Path | None = None) -> Table:
    """Read either edition at `location`, in `cifar10` or its own folder beneath it, or in the user's place for data.

    Raises:
        DataError: files are absent, truncated or not what they claim to be.
    """
    return read_layout(_LAYOUT, location)
