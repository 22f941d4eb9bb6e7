import errno
import io

import numpy as np
import pytest

from striate.data import scratch as module
from striate.data.scratch import Scratch


def test_rows_come_back_as_they_were_appended(tmp_path):
    rows = np.random.default_rng(0).integers(0, 256, (1000, 7), np.uint8)
    kept = Scratch(7, tmp_path)
    assert kept.rows.shape == (0, 7)
    for start in range(0, 1000, 250):
        kept.append(rows[start : start + 250].tobytes())
        assert len(kept) == start + 250
        assert np.array_equal(kept.rows, rows[: start + 250])


def test_the_file_has_no_name_and_what_is_mapped_outlives_it(tmp_path):
    kept = Scratch(2, tmp_path)
    kept.append(b"abcd")
    rows = kept.rows
    assert list(tmp_path.iterdir()) == []
    del kept
    assert rows.tobytes() == b"abcd"


def test_cleared_rows_are_gone_and_others_take_their_place(tmp_path):
    kept = Scratch(2, tmp_path)
    kept.append(b"abcd")
    assert len(kept.rows) == 2
    kept.clear()
    assert len(kept.rows) == 0
    kept.append(b"efgh")
    assert kept.rows.tobytes() == b"efgh"


def test_where_no_file_can_be_the_rows_are_in_memory(tmp_path):
    (tmp_path / "file").write_text("in the way")
    kept = Scratch(2, tmp_path / "file" / "below")
    kept.append(b"abcd")
    kept.append(b"ef")
    assert kept.rows.tobytes() == b"abcdef"


class FullDisk(io.FileIO):
    """A file on a disk with room for 5 bytes."""

    def write(self, data):
        room = 5 - self.tell()
        if room <= 0:
            raise OSError(errno.ENOSPC, "No space left on device")
        return super().write(bytes(data)[:room])


def test_a_full_disk_loses_no_row(tmp_path, monkeypatch):
    monkeypatch.setattr(module.tempfile, "TemporaryFile", lambda **_: FullDisk(tmp_path / "file", "w+"))
    kept = Scratch(2, tmp_path)
    for two in (b"ab", b"cd", b"ef", b"gh"):
        kept.append(two)
    assert kept.rows.tobytes() == b"abcdefgh"


@pytest.mark.parametrize("width", [1, 4096, 4097])
def test_any_width_is_mapped(tmp_path, width):
    kept = Scratch(width, tmp_path)
    kept.append(bytes(3 * width))
    assert kept.rows.shape == (3, width)
