"""What a study depends on."""

import numpy as np
import torch
from torch import nn

from striate.data.examine import with_hashes
from striate.units.fingerprints import of_data, of_settings, of_weights


def test_weights_buffers_and_modules_count_and_their_place_in_memory_does_not(small) -> None:
    first = of_weights(small)
    assert of_weights(small.to(memory_format=torch.channels_last)) == first
    seen = {first}
    with torch.no_grad():
        small.conv1.weight[0, 0, 0, 0] += 1e-3
        seen.add(of_weights(small))
        small.norm.num_batches_tracked += 1
        seen.add(of_weights(small))
    small.relu = nn.GELU()
    seen.add(of_weights(small))
    assert len(seen) == 4


def test_pictures_and_rows_count(store_of) -> None:
    table = store_of(6).table
    pixels = table.pixels.copy()
    pixels[3, 2, 2, 0] += 1
    other = store_of(pixels=pixels).table
    rows = np.arange(5)
    prints = {of_data(with_hashes(whole.take(some)), some) for whole, some in ((table, rows), (other, rows))}
    prints |= {of_data(with_hashes(table.take(rows[1:])), rows[1:]), of_data(with_hashes(table.take(rows)), rows)}
    assert len(prints) == 3


def test_settings_count_and_their_order_does_not() -> None:
    assert of_settings({"a": 1, "b": [2]}) == of_settings({"b": [2], "a": 1}) != of_settings({"a": 1, "b": [3]})
