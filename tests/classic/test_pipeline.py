"""What every classic pipeline must do, whatever it is made of."""

import subprocess
import sys

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV

from striate import classic
from striate.classic.pictures import Stored
from striate.core.errors import DataError, UnknownName
from striate.data.preprocess import Preprocess
from striate.data.store import Store
from striate.sources import open_table

SMALL = {  # so that each is fitted in a moment
    "eigen-svm": {"features__size": 12},
    "bof-svm": {"features__encoding__words": 20},
    "spm-svm": {"features__encoding__words": 10},
    "vlad-svm": {"features__encoding__words": 4},
    "fisher-svm": {"features__encoding__components": 4},
}
NAMES = tuple(classic.PIPELINES)


@pytest.fixture(scope="module")
def striped():
    """Thirty pictures of three classes that color, edges and texture tell apart, and their labels."""
    rng = np.random.default_rng(0)
    labels = np.arange(30) % 3
    images = rng.integers(0, 60, (30, 3, 24, 24))
    images[labels == 0, 0, ::4] += 190  # red, across
    images[labels == 1, 1, :, ::6] += 190  # green, along
    images[labels == 2, 2] += 120  # blue, without stripes
    return images.astype(np.uint8), labels


@pytest.fixture(scope="module")
def fitted(striped):
    return {name: classic.create(name, seed=1, **SMALL.get(name, {})).fit(*striped) for name in NAMES}


@pytest.mark.parametrize("name", NAMES)
def test_a_pipeline_learns_what_tells_the_classes_apart(name, fitted, striped):
    images, labels = striped
    assert (fitted[name].predict(images) == labels).mean() > 0.9


@pytest.mark.parametrize("name", NAMES)
def test_the_most_probable_class_has_the_highest_score_and_is_the_answer(name, fitted, striped):
    images, _ = striped
    scores, probabilities = fitted[name].decision_function(images), fitted[name].predict_proba(images)
    assert scores.shape == probabilities.shape == (30, 3)
    np.testing.assert_allclose(probabilities.sum(1), 1, atol=1e-5)
    np.testing.assert_array_equal(fitted[name].classes_[scores.argmax(1)], fitted[name].predict(images))
    np.testing.assert_array_equal(probabilities.argmax(1), scores.argmax(1))


@pytest.mark.parametrize("name", NAMES)
def test_a_clone_fitted_to_the_same_gives_the_same_scores(name, fitted, striped):
    again = clone(fitted[name]).fit(*striped)
    assert again.get_params().keys() == fitted[name].get_params().keys()
    np.testing.assert_array_equal(again.decision_function(striped[0]), fitted[name].decision_function(striped[0]))


@pytest.mark.parametrize("name", NAMES)
def test_a_pipeline_from_a_file_gives_the_same_scores_bit_by_bit(name, fitted, striped, tmp_path):
    fitted[name].save(tmp_path / "pipeline.skops")
    loaded = classic.load(tmp_path / "pipeline.skops")
    for scores in ("decision_function", "predict_proba"):
        ours, theirs = (getattr(one, scores)(striped[0]) for one in (fitted[name], loaded))
        np.testing.assert_array_equal(ours, theirs)


@pytest.mark.parametrize("name", NAMES)
def test_a_list_and_a_store_give_the_scores_of_the_array(name, fitted, striped):
    images, _ = striped
    expected = fitted[name].decision_function(images)
    np.testing.assert_allclose(fitted[name].decision_function(list(images)), expected, atol=1e-4)


@pytest.mark.parametrize("name", NAMES)
def test_pictures_of_several_sizes_are_taken(name, striped):
    images, labels = striped
    several = [image if place % 2 else image[:, :20, :22].copy() for place, image in enumerate(images)]
    pipeline = classic.create(name, seed=1, **SMALL.get(name, {})).fit(several, labels)
    assert pipeline.decision_function(several).shape == (30, 3)


@pytest.mark.parametrize("name", NAMES)
def test_rows_of_a_store_are_read_block_by_block(name):
    table = open_table("digits")
    store = Store(table, Preprocess(size=(16, 16), fit="stretch", channels=1))
    images = Stored(store, np.arange(40))
    pipeline = classic.create(name, seed=1, **SMALL.get(name, {})).fit(images, table.labels[:40])
    whole, _ = store.read(np.arange(40))
    np.testing.assert_array_equal(pipeline.predict(images), pipeline.predict(whole))
    store.close()


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        (np.zeros((4, 3, 8, 8), np.float32), "float32"),
        (np.zeros((4, 8, 8), np.uint8), r"\(4, 8, 8\)"),
        (np.zeros((4, 2, 8, 8), np.uint8), r"\(4, 2, 8, 8\)"),
        (np.zeros((0, 3, 8, 8), np.uint8), "no pictures"),
        ([np.zeros((8, 8), np.uint8)], r"\(8, 8\)"),
        ("photo.jpg", "str"),
    ],
)
@pytest.mark.parametrize("name", NAMES)
def test_what_is_no_picture_is_refused(name, wrong, said, fitted):
    with pytest.raises(DataError, match=said):
        fitted[name].predict(wrong)
    with pytest.raises(DataError, match=said):
        classic.create(name).fit(wrong, np.zeros(len(wrong)))


@pytest.mark.parametrize("name", NAMES)
def test_pictures_with_other_channels_are_refused(name, fitted):
    with pytest.raises(DataError, match="1 channels: fitted to pictures with 3"):
        fitted[name].predict(np.zeros((4, 1, 24, 24), np.uint8))


def test_a_grid_is_searched_over_parts_of_a_pipeline(striped):
    grid = {"features__histogram__bins": [1, 3], "classifier": [classic.create("color-linear")["classifier"]]}
    search = GridSearchCV(classic.create("color-linear"), grid, cv=3).fit(*striped)
    assert search.best_score_ > 0.9


def test_another_classifier_is_named(striped):
    pipeline = classic.create("color-linear", classifier="forest", classifier__estimator__n_estimators=5)
    assert pipeline.fit(*striped)["classifier"].estimator_.n_estimators == 5


def test_unknown_names_offer_the_nearest():
    with pytest.raises(UnknownName, match="color-linear"):
        classic.create("colour-linear")
    with pytest.raises(UnknownName, match="forest"):
        classic.create("color-linear", classifier="forrest")
    with pytest.raises(UnknownName, match="features__histogram__bins"):
        classic.create("color-linear", features__histogram__bin=2)


def test_the_list_of_pipelines_imports_nothing_heavy():
    code = "import sys; from striate.classic import PIPELINES; len(PIPELINES); print(*sys.modules)"
    printed = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert not {"torch", "numpy", "sklearn", "cv2", "skimage"} & set(printed.split())
