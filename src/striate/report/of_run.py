"""The report of a run: gather what its files do not hold (pictures, filters, an augmented batch) and write the page."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from striate.core.errors import StriateError
from striate.core.progress import say
from striate.data.augment import apply
from striate.data.batches import Batches
from striate.data.store import Store
from striate.recognize.recognizer import NetworkRecognizer
from striate.report.contents import Extras
from striate.report.page import write
from striate.sources import open_table
from striate.train.run import Run

_AUGMENTED = 64  # pictures of the augmented batch


def report(run: Run, *, quiet: bool = False) -> Path:
    """Write `report.html` and the figures of a finished run; the data is opened again for its pictures.

    Where the data is gone the report is written without pictures, and says so.
    """
    recognizer = run.recognizer()
    network = recognizer.network if isinstance(recognizer, NetworkRecognizer) else None
    filters = None if network is None else first_layer(network, recognizer.preprocess.size)
    try:
        table = open_table(run.data["location"], data_root=run.data["data_root"])
    except StriateError as error:
        say(f"warn: the report shows no pictures: {error}", quiet=quiet)
        return write(run.path, None, Extras(first_layer=filters, augmented=None, names=str))
    store = Store(table, recognizer.preprocess)
    try:
        augmented, drawn = (None, ()) if network is None else augmented_batch(run, store)
        extras = Extras(first_layer=filters, augmented=augmented, drawn=drawn, names=table.name)
        return write(run.path, lambda rows: thumbnails(store, rows), extras)
    finally:
        store.close()


def thumbnails(store: Store, rows: Sequence[int]) -> NDArray[np.uint8]:
    """Return pictures (N, H, W, C) as the network sees them; one that cannot be read is left blank."""
    images, readable = store.read(np.asarray(rows, np.int64))
    images[~readable] = 255
    return images.transpose(0, 2, 3, 1)


def augmented_batch(run: Run, store: Store) -> tuple[NDArray[np.uint8] | None, tuple[dict[str, str], ...]]:
    """Return pictures (N, H, W, C) of the first step as training changed them, and what was drawn for each.

    Training sees values outside of 0 to 255 as they are; here they are clamped.
    """
    quarantined = [entry["row"] for entry in run.data["quarantined"]]
    rows = np.setdiff1d(run.split.rows("train"), np.array(quarantined, np.int64))
    recipe = run.recipe
    batches = Batches(
        store,
        rows,
        batch_size=recipe.batch_size,
        seed=recipe.seed,
        augment=recipe.augment,
        sampling=recipe.sampling,
    )
    batch = batches.at(1, 0)
    changed = apply(torch.from_numpy(batch.images), batch.draws)[:_AUGMENTED]
    if not len(changed):
        return None, ()
    shown = changed.float().round().clamp(0, 255).to(torch.uint8).permute(0, 2, 3, 1).numpy()
    return shown, tuple(batch.draws.describe(place) for place in range(len(changed)))


def first_layer(network: nn.Module, size: tuple[int, int]) -> NDArray[np.float32] | None:
    """Return the filters (O, C, h, w) of the first convolution, or of a first linear layer as pictures."""
    height, width = size
    for module in network.modules():
        if isinstance(module, nn.Conv2d):
            return _array(module.weight)
        if isinstance(module, nn.Linear) and module.in_features % (height * width) == 0:
            return _array(module.weight).reshape(module.out_features, -1, height, width)
    return None


def _array(weight: Tensor) -> NDArray[np.float32]:
    values: NDArray[np.float32] = weight.detach().float().cpu().contiguous().numpy()
    return values
