from hashlib import md5

import pytest

from striate.core.errors import DataError
from striate.sources import fashion_mnist, mnist


@pytest.mark.parametrize(("source", "folder"), [(mnist, "mnist"), (fashion_mnist, "fashion-mnist")])
def test_the_checksums_are_those_of_the_official_files(shared_data, source, folder):
    found = {name: (shared_data / folder / f"{name}.gz").read_bytes() for name in source.MD5}
    assert {name: md5(raw, usedforsecurity=False).hexdigest() for name, raw in found.items()} == source.MD5


def test_the_official_files_are_read_whole_and_without_remark(shared_data):
    table = mnist.read(shared_data)
    assert table.pixels.shape == (70_000, 28, 28, 1)
    assert table.labels[:10].tolist() == [5, 0, 4, 1, 9, 2, 1, 3, 1, 4]
    assert table.counts.tolist() == [6903, 7877, 6990, 7141, 6824, 6313, 6876, 7293, 6825, 6958]
    assert [table.strings("split").count(side) for side in ("train", "test")] == [60_000, 10_000]
    assert table.pixels[:60_000].mean() / 255 == pytest.approx(0.1307, abs=5e-5)  # as everybody normalizes it
    assert table.notes == ()


def test_fashion_is_never_taken_for_digits(shared_data):
    with pytest.raises(DataError, match="holds files of fashion_mnist, which are named as those of mnist"):
        mnist.read(shared_data / "fashion-mnist")
    with pytest.raises(DataError, match="holds files of mnist"):
        fashion_mnist.read(shared_data / "mnist")
