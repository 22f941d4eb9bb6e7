"""Some of the training pictures, for what is set by them before training begins."""

import numpy as np
from numpy.typing import NDArray

from striate.data.preprocess import Preprocess
from striate.data.store import Store
from striate.data.table import Table

PICTURES = 5_000


def sample(table: Table, rows: NDArray[np.int64], preprocess: Preprocess) -> NDArray[np.uint8]:
    """Return (N, C, H, W) pictures of `rows`, evenly spread over them: always the same, fewer than twice `PICTURES`."""
    store = Store(table, preprocess)
    try:
        images, readable = store.read(rows[:: max(1, len(rows) // PICTURES)])
    finally:
        store.close()
    return images[readable]
