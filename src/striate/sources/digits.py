"""Digits: Alpaydin and Kaynak, 1998, the test part, as scikit-learn carries it (https://doi.org/10.24432/C50P49).

1,797 pictures of handwritten digits, 8x8, gray; each value counts, from 0 to 16, the inked pixels of a 4x4 block.
"""

from importlib.util import find_spec
from pathlib import Path

import numpy as np

from striate.data.table import Table, picture_columns

CLASSES = tuple("0123456789")


def read(location: Path | None = None) -> Table:  # noqa: ARG001 (every source takes a location; this one is embedded)
    """Read the pictures, with their 17 levels of gray spread over 0 to 255."""
    values = np.loadtxt(_file(), delimiter=",", dtype=np.int64)  # a line a picture: 64 values, then its digit
    pixels = np.rint(values[:, :-1].reshape(-1, 8, 8, 1) * (255 / 16)).astype(np.uint8)
    return Table(picture_columns(values[:, -1]), CLASSES, "digits", "digits", pixels=pixels)


def _file() -> Path:
    """Return where scikit-learn keeps the file; importing its reader takes over a second, reading it 0.02 s."""
    found = find_spec("sklearn")
    assert found is not None, "scikit-learn is one of our requirements"
    assert found.submodule_search_locations is not None
    return Path(found.submodule_search_locations[0]) / "datasets" / "data" / "digits.csv.gz"
