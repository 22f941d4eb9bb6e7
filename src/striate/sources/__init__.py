"""Readers that make tables: one source, one file.

Each module here has `read(location: Path | None, **options) -> Table`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from striate.core.catalog import Catalog

if TYPE_CHECKING:
    from pathlib import Path

    from striate.data.table import Table

SOURCES = Catalog(
    "source",
    {
        "folder": "striate.sources.folder",
        "manifest": "striate.sources.manifest",
        "digits": "striate.sources.digits",
        "mnist": "striate.sources.mnist",
        "fashion_mnist": "striate.sources.fashion_mnist",
        "cifar10": "striate.sources.cifar10",
        "cifar100": "striate.sources.cifar100",
        "shapes": "striate.sources.shapes",
        "roads": "striate.sources.roads",
    },
)


def open_table(data: str | Path, *, data_root: str | Path | None = None) -> Table:
    """Read the table of `data`.

    Args:
        data: a folder, a CSV or Parquet manifest, or a source's name, with options after it for the made
            ones: `shapes?count=500&size=64&seed=1`.
        data_root: the folder where a named data set's files lie; by default the environment variable
            STRIATE_DATA, then `~/.cache/striate/data`.

    Raises:
        UnknownName: neither a path that exists nor a source; the nearest names are offered.
        DataError: the files are missing or not what they claim to be.
    """
    from striate.sources.opening import open_data

    return open_data(str(data), data_root=data_root)
