"""The greatest activations so far."""

import numpy as np
import torch

from striate.units.tops import Tops


def _brute(maps: torch.Tensor, rows: np.ndarray, most: int) -> list[list[tuple[float, int, int]]]:
    """Sort, for each unit, one entry a picture: by value, then row; its first greatest place."""
    found = []
    for unit in range(maps.shape[2]):
        entries = []
        for picture, row in zip(maps[:, :, unit].tolist(), rows.tolist(), strict=True):
            entries.append((max(picture), row, picture.index(max(picture))))
        found.append(sorted(entries, key=lambda entry: (-entry[0], entry[1]))[:most])
    return found


def test_streaming_equals_sorting_all_also_where_values_tie() -> None:
    maps = torch.from_numpy(np.random.default_rng(0).integers(0, 4, (50, 6, 3)).astype(np.float32))  # ties everywhere
    rows = np.arange(50) * 3
    expected = _brute(maps, rows, 7)
    for step in (1, 8, 50):
        tops = Tops(3, 7)
        for start in range(0, 50, step):
            part = slice(start, start + step)
            tops.add(maps[part], maps[part].amax(1), rows[part])
        for unit in range(3):
            found = zip(tops.values[unit].tolist(), tops.rows[unit].tolist(), tops.places[unit].tolist(), strict=True)
            assert list(found) == expected[unit], step


def test_fewer_pictures_than_are_wanted_leave_gaps() -> None:
    tops = Tops(1, 4)
    maps = torch.tensor([[[1.0], [5.0]], [[-3.0], [-4.0]]])
    tops.add(maps, maps.amax(1), np.array([2, 6]))
    assert tops.rows.tolist() == [[2, 6, -1, -1]]
    assert tops.values.tolist() == [[5.0, -3.0, -np.inf, -np.inf]]
    assert tops.places.tolist() == [[1, 0, 0, 0]]
