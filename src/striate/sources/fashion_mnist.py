"""Fashion-MNIST: Xiao, Rasul and Vollgraf, 2017 (https://arxiv.org/abs/1708.07747).

60,000 training and 10,000 test pictures of clothes, 28x28, gray, in MNIST's format and under its file names.
"""

from pathlib import Path

from striate.data.table import Table
from striate.sources.idx import read_sets

CLASSES = (
    "T-shirt/top",
    "Trouser",
    "Pullover",
    "Dress",
    "Coat",
    "Sandal",
    "Shirt",
    "Sneaker",
    "Bag",
    "Ankle boot",
)
FOLDERS = ("fashion-mnist", "fashion_mnist", "FashionMNIST/raw")  # the last is where torchvision puts them
MD5 = {
    "train-images-idx3-ubyte": "8d4fb7e6c68d591d4c3dfef9ec88bf0d",
    "train-labels-idx1-ubyte": "25c81989df183df01b3e8a0aad5dffbe",
    "t10k-images-idx3-ubyte": "bef4ecab320f06d8554ea6380940ec79",
    "t10k-labels-idx1-ubyte": "bb300cfdad3c16e7a12a480ee83cd310",
}


def read(location: Path | None = None) -> Table:
    """Read the four IDX files at `location`, in `fashion-mnist` beneath it or in the user's own place for data.

    Raises:
        DataError: a file is absent, truncated or not what its name says.
    """
    return read_sets("fashion_mnist", location, folders=FOLDERS, classes=CLASSES, md5=MD5)
