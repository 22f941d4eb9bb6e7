"""Classic pipelines in `striate train`: their recipe and fit, what is refused; a fit that was stopped ends the same."""

import json
import tomllib

import numpy as np
import pyarrow.parquet as pq
import pytest
import torch
from PIL import Image
from sklearn.base import BaseEstimator

import striate
from striate.classic import PIPELINES
from striate.classic.classifiers import CLASSIFIERS
from striate.classic.pipeline import Pipeline
from striate.core.errors import DataError, Interrupted, RecipeError, UnknownName
from striate.data.store import Store
from striate.recognize.pipeline import PipelineRecognizer
from striate.sources import open_table
from striate.train import pipeline
from striate.train.begin import Request, begin
from striate.train.defaults import Look

FAST = {"options.classifier": "nearest-mean", "split.test": 0.1}


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("STRIATE_CACHE", str(tmp_path_factory.mktemp("cache")))
        out = tmp_path_factory.mktemp("runs") / "hog"
        return striate.train("digits", model="hog-svm", out=out, settings=FAST, quiet=True)


def test_an_option_that_scikit_learn_refuses_is_told_with_its_reason(tmp_path):
    settings = {"options.classifier__estimator__C": -1, "split.test": 0.1}
    with pytest.raises(RecipeError, match=r"options\.classifier__estimator__C=-1: The 'C' parameter"):
        striate.train("digits", model="color-linear", out=tmp_path / "run", settings=settings, quiet=True)


def test_classes_are_weighed_by_their_names(tmp_path):
    def share(weights: dict[str, float]) -> float:
        settings = {"options.classifier__estimator__class_weight": weights, "split.test": 0.1}
        run = striate.train("digits", model="color-linear", out=tmp_path / "run", settings=settings, quiet=True)
        answers = run.recognizer().predict(list(open_table("digits").pixels[:200]))
        return np.mean([answer.class_name == "8" for answer in answers])

    assert share({"8": 50.0}) > share({"8": 1.0}) + 0.2
    with pytest.raises(UnknownName, match="no class named 'eight'"):
        share({"eight": 2.0})


def shapes(folder, count=12, size=(90, 120)):
    """Two classes of colored pictures: stripes down, and stripes across."""
    draw = np.random.default_rng(0)
    for name in ("across", "down"):
        (folder / name).mkdir(parents=True)
        for number in range(count):
            waves = np.sin((np.arange(max(size)) + draw.uniform(0, 9)) / draw.uniform(2, 3))
            plane = np.broadcast_to(waves[: size[0], None] if name == "across" else waves[: size[1]], size)
            pixels = 128 + 60 * plane[..., None] * draw.uniform(0.5, 1, 3) + draw.normal(0, 9, (*size, 3))
            Image.fromarray(pixels.clip(0, 255).astype(np.uint8)).save(folder / name / f"{number}.png")
    return folder


@pytest.mark.parametrize("name", list(CLASSIFIERS))
def test_every_classifier_is_fitted_by_a_training(name, tmp_path):
    settings = {"options.classifier": name, "preprocess.size": 4, "store": "none"}
    run = striate.train("digits", model="pixels-svm", out=tmp_path / "run", settings=settings, quiet=True)
    assert run.metrics["test"]["accuracy"]["value"] > 0.5


def test_a_pipeline_is_trained_measured_and_reported(run):
    assert run.metrics["test"]["accuracy"]["value"] > 0.85
    page = (run.path / "report.html").read_text(encoding="utf-8")
    assert "fitted once to all training pictures" in page
    assert "epochs asked" not in page
    assert "HOG" in page


def test_the_recipe_holds_what_applies_and_nothing_else(run):
    written = tomllib.loads((run.path / "recipe.toml").read_text(encoding="utf-8"))
    assert not {"optimizer", "augment", "schedule", "loss", "batch_size"} & set(written)
    assert written["options"] == {"classifier": "nearest-mean"}
    assert run.recipe.epochs == 1


def test_what_is_read_back_answers_as_the_run_did(run):
    recognizer = run.recognizer()
    assert isinstance(recognizer, PipelineRecognizer)
    kept = pq.read_table(run.path / "predictions.parquet")
    rows = kept["row"].to_numpy()
    store = Store(open_table("digits"), recognizer.preprocess)
    images, _ = store.read(rows[:50])
    store.close()
    expected = np.array(kept["scores"].to_pylist()[:50], np.float32)
    assert np.abs(recognizer.scores(images) - expected).max() < 1e-4


def test_steps_and_their_seconds_are_kept(run):
    steps = run.read_json("environment.json")["fitting"]
    assert [step["step"] for step in steps] == ["features", "classifier"]
    logged = [json.loads(line) for line in (run.path / "log.jsonl").read_text(encoding="utf-8").splitlines()]
    assert [line["what"] for line in logged] == ["HOG", "Calibrated of NearestCentroid"]


def test_a_run_is_repeated_by_its_recipe(run, tmp_path):
    again = striate.train(base=run.path, out=tmp_path / "again", quiet=True)
    assert again.recipe == run.recipe
    assert again.metrics == run.metrics


def test_a_fit_that_was_stopped_begins_anew_and_ends_the_same(run, tmp_path, monkeypatch):
    def stopped(*_, **__):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(pipeline, "fit", stopped)
        with pytest.raises(Interrupted, match="--resume"):
            striate.train("digits", model="hog-svm", out=tmp_path / "run", settings=FAST, quiet=True)
    assert not (tmp_path / "run" / "metrics.json").exists()
    resumed = striate.train(resume=tmp_path / "run", quiet=True)
    assert resumed.metrics == run.metrics
    assert resumed.recognizer().pipeline.get_params().keys() == run.recognizer().pipeline.get_params().keys()


@pytest.mark.parametrize(
    "settings", [{"epochs": 3}, {"optimizer.lr": 0.1}, {"augment.flip": "both"}, {"weights": "x.pth"}, {"patience": 2}]
)
def test_what_means_nothing_to_a_pipeline_is_refused_by_its_name(settings):
    with pytest.raises(RecipeError, match=f"{next(iter(settings))} means nothing to hog-svm"):
        striate.train("digits", model="hog-svm", settings=settings, quiet=True)


def test_an_unknown_parameter_offers_the_nearest():
    with pytest.raises(UnknownName, match="features__cell"):
        pipeline.check("hog-svm", {"options": {"features__cel": 2}})


def test_only_what_applies_is_taken_from_settings_for_all():
    values = {"batch_size": 8, "seed": 1, "plan": {"threads": 2, "precision": "bf16"}, "augment": {"flip": "both"}}
    assert pipeline.applying(values) == {"seed": 1, "plan": {"threads": 2}}


def test_a_small_step_has_one_thread_and_a_large_one_all():
    class Step(BaseEstimator):
        def fit(self, vectors, labels):
            seen.append((len(vectors), torch.get_num_threads()))

    seen, before = [], torch.get_num_threads()
    for count in (10, 2**15):
        steps = pipeline.fit(
            Pipeline.of(("classifier", Step())), np.zeros((count, 128), np.float32), np.zeros(count), threads=2
        )
        assert steps[0]["what"] == "Step"
    assert seen == [(10, 1), (2**15, 2)]
    assert torch.get_num_threads() == before


@pytest.mark.parametrize(
    ("name", "own", "size"),
    [("hog-svm", (28, 28), (28, 28)), ("hog-svm", (300, 400), (128, 128)), ("bof-svm", (300, 400), (256, 256))],
)
def test_pictures_are_brought_to_the_size_that_the_descriptor_looks_at(name, own, size):
    look = Look(np.array([own, own]), 3)
    assert pipeline.resolve(look, name, {"split": {}}).preprocess.size == size
    assert pipeline.resolve(look, name, {"split": {}, "image_size": 64}).preprocess.size == (64, 64)


def test_a_picture_that_cannot_be_read_is_left_out_and_named(tmp_path):
    folder = shapes(tmp_path / "shapes")
    (folder / "down" / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\nnothing")
    run = striate.train(folder, model="color-linear", out=tmp_path / "run", quiet=True)
    assert [entry["picture"] for entry in run.data["quarantined"]] == ["down/broken.png"]
    page = (run.path / "report.html").read_text(encoding="utf-8")
    assert "down/broken.png" in page
    answers = run.recognizer().predict([folder / "down" / "broken.png", folder / "down" / "0.png"])
    assert answers[0].error
    assert answers[1].class_name in {"across", "down"}


def goes_bad(folder, names, monkeypatch):
    """Let pictures go bad between the audit and the fit."""
    prepared = pipeline.check_alone

    def broken(*arguments):
        for name in names:
            (folder / name).write_bytes(b"no picture any more")
        prepared(*arguments)

    monkeypatch.setattr(pipeline, "check_alone", broken)


def test_a_picture_that_goes_bad_after_the_audit_is_left_out_and_named(tmp_path, monkeypatch, capsys):
    folder = shapes(tmp_path / "shapes")
    bad = ["down/3.png", "across/4.png", "across/5.png"]  # whatever the split, training pictures are among them
    goes_bad(folder, bad, monkeypatch)
    run = striate.train(folder, model="color-linear", out=tmp_path / "run", settings={"store": "none"})
    assert "begins anew without" in capsys.readouterr().err
    lost = run.read_json("environment.json")["unreadable_while_training"]
    table = open_table(folder)
    train = {table.name(int(row)) for row in run.split.rows("train")}
    assert {table.name(int(row)) for row in lost} == set(bad) & train
    page = (run.path / "report.html").read_text(encoding="utf-8")
    assert all(name in page for name in bad)
    assert "became unreadable while training" in page


def test_too_few_pictures_left_are_refused_by_name(tmp_path, monkeypatch):
    folder = shapes(tmp_path / "shapes", count=8)
    goes_bad(folder, [f"down/{number}.png" for number in range(8)], monkeypatch)
    with pytest.raises(DataError, match=r"became unreadable, down/\d.png first .* what is left is of one class"):
        striate.train(folder, model="color-linear", out=tmp_path / "run", settings={"store": "none"}, quiet=True)


@pytest.fixture(scope="module")
def stripes(tmp_path_factory):
    return shapes(tmp_path_factory.mktemp("pictures") / "stripes", count=16)


@pytest.mark.parametrize("name", PIPELINES)
def test_every_pipeline_is_trained_saved_and_read_back(name, stripes, tmp_path):
    words = {"features__encoding__words": 8} if name in {"bof-svm", "spm-svm"} else {}
    values = {"image_size": 64, "options": words, "plan": {"threads": 1}}
    run = begin(Request(data=str(stripes), model=name, out=tmp_path / "run", values=values, quiet=True))
    answers = run.recognizer().predict(stripes)
    right = np.mean([answer.class_name in answer.picture.split("/")[-2] for answer in answers])
    assert right > (0.6 if name == "color-linear" else 0.8)
