"""The memory of a piece of work is what it allocated at most, whatever was there before."""

import sys
import time
from pathlib import Path

import numpy as np
import pytest

from striate.runtime import resident

MEGABYTE = 2**20
only_where_told = pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells allocated memory")


def held(megabytes: int) -> None:
    """Hold memory for a while, and let it go."""
    taken = np.ones(megabytes * MEGABYTE, np.uint8)
    time.sleep(0.1)
    del taken


@only_where_told
def test_the_most_counts_not_the_sum_nor_what_is_left() -> None:
    with resident.watched() as grown:
        held(150)
        held(100)
    assert grown.bytes is not None
    assert 145 * MEGABYTE < grown.bytes < 200 * MEGABYTE


@only_where_told
def test_what_earlier_work_took_hides_nothing() -> None:
    blocks = [np.ones(MEGABYTE // 16, np.uint8) for _ in range(1600)]  # 100 MiB in blocks that glibc may keep
    del blocks
    with resident.watched() as grown:
        blocks = [np.ones(MEGABYTE // 16, np.uint8) for _ in range(1600)]
        del blocks
    assert grown.bytes is not None
    assert grown.bytes > 90 * MEGABYTE


@only_where_told
def test_what_was_there_does_not_count_nor_do_mapped_files(tmp_path: Path) -> None:
    there = np.ones(100 * MEGABYTE, np.uint8)
    there.tofile(tmp_path / "file")
    with resident.watched() as grown:
        assert np.memmap(tmp_path / "file", np.uint8, "r").sum() == there.sum()
    assert grown.bytes is not None
    assert grown.bytes < 50 * MEGABYTE


def test_an_error_goes_through_and_the_watch_ends() -> None:
    with pytest.raises(ValueError, match="mine"), resident.watched():
        raise ValueError("mine")


def test_where_the_system_does_not_tell_nothing_is_claimed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(resident, "_STATUS", Path("/not/there"))
    with resident.watched() as grown:
        held(20)
    assert grown.bytes is None
