import os
import pickle
import subprocess

import numpy as np
import pytest

from striate.core.errors import DataError
from striate.sources.pickled_arrays import load_pickle

VALUES = np.arange(12, dtype=np.uint8).reshape(3, 4)


class Call:
    """Pickles as a call of `function`."""

    def __init__(self, function, *arguments):
        self.function, self.arguments = function, arguments

    def __reduce__(self):
        return self.function, self.arguments


@pytest.mark.parametrize("protocol", [0, 1, 2, 3, 4])
@pytest.mark.parametrize("values", [VALUES, np.asfortranarray(VALUES), VALUES[:, :1]])
def test_arrays_of_bytes_are_read_as_they_were(disk, protocol, values):
    path = disk.write("x", pickle.dumps({"data": values, "labels": [1, 2], "name": b"x"}, protocol=protocol))
    loaded = {key.decode() if isinstance(key, bytes) else key: value for key, value in load_pickle(path).items()}
    assert (loaded["data"] == values).all()
    assert loaded["data"].shape == values.shape
    assert loaded["labels"] == [1, 2]


@pytest.mark.parametrize(
    "call",
    [
        Call(os.system, "touch {}"),
        Call(eval, "open('{}', 'w')"),
        Call(subprocess.Popen, ["touch", "{}"]),
        Call(np.load, "{}"),
        Call(getattr, np, "load"),
        Call(np.fromfile, "{}"),
    ],
)
@pytest.mark.parametrize("protocol", [0, 2, 4])
def test_a_pickle_with_code_in_it_is_refused_and_nothing_runs(disk, call, protocol):
    proof = disk.root / "proof"
    arguments = [
        a.format(proof) if isinstance(a, str) else [*a[:-1], str(proof)] if isinstance(a, list) else a
        for a in call.arguments
    ]
    if call.function is getattr:
        path = disk.write("x", b"cbuiltins\ngetattr\n.")
    else:
        path = disk.write("x", pickle.dumps({"data": Call(call.function, *arguments)}, protocol=protocol))
    with pytest.raises(DataError, match=r"asks to load '.*', which plain arrays never need: refused"):
        load_pickle(path)
    assert not proof.exists()


def test_what_stands_for_numpy_cannot_be_altered_by_a_pickle(disk):
    # GLOBAL numpy.ndarray, a state of attributes for the class itself, BUILD
    for name in (b"cnumpy\nndarray\n", b"cnumpy\ndtype\n", b"c_codecs\nencode\n"):
        with pytest.raises(DataError, match=r"no whole pickle|altered"):
            load_pickle(disk.write("x", name + b"N(dS'__init__'\nNs\x86b."))
    assert (load_pickle(disk.write("y", pickle.dumps(VALUES, protocol=2))) == VALUES).all()


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"<!DOCTYPE html>",
        b"garbage",
        pickle.dumps({"data": VALUES}, protocol=2)[:-30],
        b"\x80\xff.",
        b"cnumpy\nndarray\n(NNNNNtb.",
        b"X\xff\xff\xff\x7fab.",
        b"r\xff\xff\xff\xff.",
        b"(dcnumpy\nndarray\n)R(lp0\ng0\nas.",
    ],
)
def test_damage_is_an_error_that_names_the_file(disk, content):
    with pytest.raises(DataError, match=str(disk.root / "x")):
        load_pickle(disk.write("x", content))


@pytest.mark.parametrize("dtype", [np.float32, np.int64, object, "S3", [("a", np.uint8)]])
def test_arrays_of_other_types_are_refused(disk, dtype):
    with pytest.raises(DataError, match=r"where only unsigned bytes are read|asks to load"):
        load_pickle(disk.write("x", pickle.dumps(np.zeros(3, dtype), protocol=2)))
