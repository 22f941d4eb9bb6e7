"""MNIST: LeCun, Cortes and Burges, 1998 (http://yann.lecun.com/exdb/mnist/).

60,000 training and 10,000 test pictures of handwritten digits, 28x28, gray, white on black.
"""

from pathlib import Path

from striate.data.table import Table
from striate.sources.idx import read_sets

CLASSES = tuple("0123456789")
FOLDERS = ("mnist", "MNIST/raw")  # the second is where torchvision puts them
MD5 = {
    "train-images-idx3-ubyte": "f68b3c2dcbeaaa9fbdd348bbdeb94873",
    "train-labels-idx1-ubyte": "d53e105ee54ea40749a09fcbcd1e9432",
    "t10k-images-idx3-ubyte": "9fb629c4189551a2d022fa330f9573f3",
    "t10k-labels-idx1-ubyte": "ec29112dd5afa0611ce80d1b7f02629c",
}


def read(location: Path | None = None) -> Table:
    """Read the four IDX files at `location`, in `mnist` beneath it, or in the user's own place for data.

    Raises:
        DataError: a file is absent, truncated or not what its name says.
    """
    return read_sets("mnist", location, folders=FOLDERS, classes=CLASSES, md5=MD5)
