import json
import shutil

import numpy as np
import pytest

import striate
from striate.core.errors import RecipeError, UnknownName
from striate.train import defaults, pipelines
from striate.train.begin import Request, begin, resume

FAST = {"options.classifier": "nearest-mean"}


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    out = tmp_path_factory.mktemp("runs") / "hog"
    return striate.train("digits", model="hog-svm", out=out, seed=4, settings=FAST, quiet=True)


def test_a_pipeline_makes_a_run_like_any_other(run):
    assert run.finished
    assert run.metrics["test"]["accuracy"]["value"] > 0.8
    page = (run.path / "report.html").read_text()
    assert "Fitted to all training pictures at once" in page
    assert "augmented batch" not in page
    assert (run.path / "checkpoints" / "best" / "estimator.skops").is_file()
    assert json.loads((run.path / "environment.json").read_text())["steps"] == 1


def test_the_run_is_evaluated_and_answers(run):
    measured = striate.evaluate(run.path, quiet=True)
    assert measured.metrics["accuracy"] == run.metrics["test"]["accuracy"]
    answers = striate.load(run.path).predict(np.full((8, 8, 1), 200, np.uint8))
    assert set(answers[0].probabilities) == set("0123456789")


def test_the_same_recipe_gives_the_same_scores(run, tmp_path):
    again = begin(Request(base=run.path, out=tmp_path / "again", quiet=True))
    for one, other in zip(_predictions(run), _predictions(again), strict=True):
        np.testing.assert_array_equal(one, other)


def test_a_fit_that_was_stopped_is_done_anew(run, tmp_path):
    stopped = tmp_path / "stopped"
    shutil.copytree(run.path, stopped)
    (stopped / "metrics.json").unlink()
    shutil.rmtree(stopped / "checkpoints")
    assert resume(stopped, quiet=True).metrics == run.metrics


def test_parameters_are_options_of_the_recipe(tmp_path):
    settings = ["options.classifier=nearest", "options.features__orientations=6"]
    run = begin(Request(data="digits", model="hog-svm", out=tmp_path / "set", settings=settings, quiet=True))
    assert run.recognizer().network.pipeline["features"].orientations == 6


@pytest.mark.parametrize(
    ("wanted", "error", "said"),
    [
        ({"epochs": 3, "optimizer": {"lr": 0.1}}, RecipeError, "leave epochs, optimizer out"),
        ({"options": {"features__orientation": 6}}, UnknownName, "features__orientations"),
        ({"options": {"classifier": "forrest"}}, UnknownName, "forest"),
    ],
)
def test_what_a_pipeline_does_not_take_is_refused_before_data_is_read(wanted, error, said):
    with pytest.raises(error, match=said):
        pipelines.check({"model": "hog-svm", **wanted})


def test_a_misspelt_pipeline_is_offered_by_its_name():
    with pytest.raises(UnknownName, match="did you mean hog-svm"):
        defaults.check({"model": "hog-smv"})


def test_photos_are_brought_to_the_size_that_suits_the_pipeline():
    assert pipelines.resolve(None, 3, {"model": "spm-svm"}).preprocess.size == (256, 256)
    assert pipelines.resolve((500, 400), 3, {"model": "pixels-knn"}).preprocess.size == (32, 32)
    assert pipelines.resolve((28, 28), 1, {"model": "spm-svm"}).preprocess.size == (28, 28)
    assert pipelines.resolve(None, 3, {"model": "spm-svm", "image_size": 96}).preprocess.size == (96, 96)


def _predictions(run):
    import pyarrow.parquet as pq

    table = pq.read_table(run.path / "predictions.parquet")
    return table["row"].to_numpy(), np.stack(table["scores"].to_pylist())
