import pickle
import zipfile

import numpy as np
import pytest
import skops.io
from sklearn.preprocessing import FunctionTransformer
from sklearn.tree import DecisionTreeClassifier

from striate import classic
from striate.classic.calibrated import Calibrated
from striate.classic.colors import ColorHistogram
from striate.classic.pipeline import Pipeline
from striate.classic.saving import TRUSTED
from striate.core.errors import DataError, DoesNotApply


@pytest.fixture(scope="module")
def data():
    images = np.random.default_rng(0).integers(0, 256, (40, 3, 6, 6), dtype=np.uint8)
    labels = np.arange(40) % 2
    images[labels == 1, 0] //= 3
    return images, labels


@pytest.mark.parametrize("classifier", ["forest", "nearest", "rbf-svm", "rbf-map-svm", "intersection-svm"])
def test_each_kind_of_classifier_comes_back_bit_by_bit(classifier, data, tmp_path):
    fitted = classic.create("color-linear", classifier=classifier, scale="passthrough").fit(*data)
    fitted.save(tmp_path / "it.skops")
    loaded = classic.load(tmp_path / "it.skops")
    np.testing.assert_array_equal(loaded.predict_proba(data[0]), fitted.predict_proba(data[0]))
    assert loaded.get_params().keys() == fitted.get_params().keys()


def test_the_list_of_types_is_ours_and_names_no_function():
    assert all(name.startswith(("striate.classic.", "sklearn.tree._tree.Tree")) for name in TRUSTED)


def test_what_could_not_be_read_again_is_not_written(data, tmp_path):
    foreign = Pipeline.of(
        ("features", ColorHistogram()), ("own", FunctionTransformer(pickle.dumps)), ("classifier", Calibrated(None))
    )
    with pytest.raises(DoesNotApply, match="pickle"):
        foreign.save(tmp_path / "it.skops")
    assert not list(tmp_path.iterdir())


def test_a_file_with_foreign_types_is_refused_and_runs_nothing(tmp_path):
    path = tmp_path / "foreign.skops"
    skops.io.dump(Pipeline.of(("own", FunctionTransformer(pickle.dumps))), path)
    with pytest.raises(DataError, match="types that no pipeline of ours has"):
        classic.load(path)


def test_files_that_hold_no_pipeline_are_named(tmp_path):
    with pytest.raises(DataError, match="no file"):
        classic.load(tmp_path / "absent.skops")
    (tmp_path / "text.skops").write_text("nothing")
    with pytest.raises(DataError, match=r"text\.skops is not a pipeline"):
        classic.load(tmp_path / "text.skops")
    with zipfile.ZipFile(tmp_path / "empty.skops", "w") as file:
        file.writestr("schema.json", "{}")
    with pytest.raises(DataError, match=r"empty\.skops"):
        classic.load(tmp_path / "empty.skops")
    skops.io.dump(ColorHistogram(), tmp_path / "part.skops")
    with pytest.raises(DataError, match="holds a ColorHistogram"):
        classic.load(tmp_path / "part.skops")


def test_a_tree_whose_branches_lead_nowhere_is_refused(tmp_path):
    tree = DecisionTreeClassifier().fit([[0.0], [1.0]], [0, 1])
    state = tree.tree_.__getstate__()
    state["nodes"]["left_child"][0] = 10**6
    tree.tree_.__setstate__(state)
    skops.io.dump(Pipeline.of(("classifier", Calibrated(tree))), tmp_path / "wild.skops")
    with pytest.raises(DataError, match="lead nowhere"):
        classic.load(tmp_path / "wild.skops")


def test_a_pipeline_that_is_not_fitted_is_kept_as_its_parameters(tmp_path):
    classic.create("hog-svm", features__orientations=6).save(tmp_path / "it.skops")
    assert classic.load(tmp_path / "it.skops").get_params()["features__orientations"] == 6
