"""The parameters of a classic pipeline are the numbers that an answer needs, each once."""

import numpy as np
import pytest

from striate.classic import PIPELINES, create
from striate.classic.parameters import count
from striate.classic.saving import read

COUNT, SIDE, CLASSES = 40, 32, 3


@pytest.fixture(scope="module")
def fitted():
    random = np.random.default_rng(0)
    images = random.integers(0, 256, (COUNT, 3, SIDE, SIDE)).astype(np.uint8)
    made = {}

    def fit(name):
        if name not in made:
            made[name] = create(name).fit(images, np.arange(COUNT) % CLASSES)
        return made[name]

    return fit


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("pixels-knn", COUNT * 3 * SIDE**2),
        ("bof-svm", 1000 * 128 + CLASSES * (3000 + 1)),  # words; three numbers of a map for each of them
        ("vlad-svm", 128 + 64 * 128 + 64 * 66 + CLASSES * (21120 + 1)),  # mean, components, words, machine
        ("fisher-svm", 128 + 64 * 128 + 64 * (1 + 66 + 66) + CLASSES * (42560 + 1)),
    ],
)
def test_counted_by_hand(fitted, name, expected):
    assert count(fitted(name)) == expected


@pytest.mark.parametrize("name", list(PIPELINES))
def test_what_is_read_again_has_as_many(fitted, name, tmp_path):
    pipeline = fitted(name)
    assert count(pipeline) > 0
    pipeline.save(tmp_path / "pipeline.skops")
    assert count(read(tmp_path / "pipeline.skops")) == count(pipeline)


def test_one_that_is_not_fitted_has_none():
    assert count(create("bof-svm")) == 0


def test_a_forest_counts_its_nodes():
    images = np.random.default_rng(1).integers(0, 256, (COUNT, 1, 8, 8)).astype(np.uint8)
    pipeline = create("pixels-svm", classifier="forest").fit(images, np.arange(COUNT) % 2)
    nodes = sum(tree.tree_.node_count for tree in pipeline.steps[-1][1].estimator_.estimators_)
    assert count(pipeline) == nodes * (1 + 2)  # a threshold and the shares of two classes
