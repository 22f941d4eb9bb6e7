"""Digits: Alpaydin and Kaynak, 1998, the test part, as scikit-learn carries it (https://doi.org/10.24432/C50P49).

1,797 pictures of handwritten digits, 8x8, gray; each value counts, from 0 to 16, the inked pixels of a 4x4 block.
"""

from pathlib import Path

import numpy as np

from striate.data.table import Table, picture_columns

CLASSES = tuple("0123456789")


def read(location: Path | None = None) -> Table:  # noqa: ARG001 (every source takes a location; this one is embedded)
    """Read the pictures, with their 17 levels of gray spread over 0 to 255."""
    from sklearn.datasets import load_digits

    digits = load_digits()
    pixels = np.rint(digits.images * (255 / 16)).astype(np.uint8)[..., None]
    return Table(picture_columns(digits.target.astype(np.int64)), CLASSES, "digits", "digits", pixels=pixels)
