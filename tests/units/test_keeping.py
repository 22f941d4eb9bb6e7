"""A study as a folder."""

from dataclasses import fields

import numpy as np
import pytest

from striate.core.errors import DataError
from striate.units import keeping
from striate.units.mining import study


def test_what_is_read_is_what_was_written(small, store_of, tmp_path) -> None:
    made = study(small, store_of(20), layers=["conv1", "relu#2", "linear"])
    keeping.save(made, tmp_path / "study")
    read = keeping.load(tmp_path / "study")
    for field in fields(made):
        if field.name != "layers":
            assert np.array_equal(getattr(read, field.name), getattr(made, field.name)), field.name
    for one, other in zip(made, read, strict=True):
        for field in fields(one):
            mine, theirs = getattr(one, field.name), getattr(other, field.name)
            if isinstance(mine, np.ndarray):
                assert mine.dtype == theirs.dtype
                assert np.array_equal(mine, theirs, equal_nan=mine.dtype.kind == "f"), field.name
            else:
                assert mine == theirs or (mine != mine and theirs != theirs), field.name
    assert read["relu#2"].box(0, 0) == made["relu#2"].box(0, 0) is not None


@pytest.mark.parametrize("fault", ["absent", "cut", "other format"])
def test_a_folder_that_is_no_study_says_why(small, store_of, tmp_path, fault) -> None:
    path = tmp_path / "study"
    if fault != "absent":
        keeping.save(study(small, store_of(8), layers=["conv1"]), path)
    if fault == "cut":
        whole = (path / "layer-000.safetensors").read_bytes()
        (path / "layer-000.safetensors").write_bytes(whole[: len(whole) // 2])
    if fault == "other format":
        text = (path / "study.json").read_text(encoding="utf-8")
        (path / "study.json").write_text(text.replace('"format": 1', '"format": 0'), encoding="utf-8")
    with pytest.raises(DataError, match={"absent": "missing", "cut": "damaged", "other format": "format 0"}[fault]):
        keeping.load(path)
