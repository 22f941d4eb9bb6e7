import numpy as np

from striate.data.preprocess import Preprocess
from striate.sources import open_table
from striate.train import sample as module
from striate.train.sample import sample

PREPROCESS = Preprocess(size=(8, 8), channels=1, mean=(0.5,), std=(0.5,))


def test_few_pictures_are_all_taken_and_many_are_thinned_evenly(monkeypatch) -> None:
    table = open_table("digits")
    rows = np.arange(60)
    assert len(sample(table, rows, PREPROCESS)) == 60
    monkeypatch.setattr(module, "PICTURES", 20)
    thinned = sample(table, rows, PREPROCESS)
    assert np.array_equal(thinned, sample(table, rows, PREPROCESS))
    assert np.array_equal(thinned, table.pixels[:60:3].transpose(0, 3, 1, 2))
