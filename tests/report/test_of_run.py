"""The augmented batch of the report is the one that training saw."""

from types import SimpleNamespace

import numpy as np
import torch

from striate.data.augment import Augment, apply
from striate.data.batches import Batches
from striate.data.preprocess import Preprocess
from striate.data.store import Store
from striate.report.of_run import augmented_batch
from striate.sources import open_table

ROWS = np.arange(40, 300)


def _run(augment: Augment) -> SimpleNamespace:
    recipe = SimpleNamespace(batch_size=16, seed=5, augment=augment, sampling="shuffle")
    split = SimpleNamespace(rows=lambda _part: ROWS)
    return SimpleNamespace(data={"quarantined": [{"row": 40}]}, split=split, recipe=recipe)


def test_the_augmented_batch_is_that_of_the_first_step_with_what_was_drawn():
    store = Store(open_table("digits"), Preprocess(size=(8, 8), channels=1))
    augment = Augment(rotation=20, brightness=0.9, noise=9.0, cutmix=1.0)
    shown, drawn = augmented_batch(_run(augment), store)
    first = Batches(store, ROWS[1:], batch_size=16, seed=5, augment=augment).at(1, 0)
    seen = apply(torch.from_numpy(first.images), first.draws)
    assert seen.max() > 255  # so that clamping shows
    assert np.array_equal(shown.transpose(0, 3, 1, 2), seen.round().clamp(0, 255).numpy().astype(np.uint8))
    assert drawn == tuple(first.draws.describe(place) for place in range(len(seen)))
    assert all({"rotation", "brightness", "noise"} <= words.keys() for words in drawn)
    store.close()
