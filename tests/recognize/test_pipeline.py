"""A fitted pipeline as a recognizer: saved, read back, alone and in an ensemble."""

import json

import numpy as np
import pytest
import torch

from striate import classic
from striate.core.errors import DataError, DoesNotApply
from striate.data.preprocess import Preprocess
from striate.recognize.ensemble import Ensemble
from striate.recognize.load import load, load_network
from striate.recognize.pipeline import PipelineRecognizer
from striate.recognize.predict import probabilities_of
from striate.recognize.recognizer import NetworkRecognizer, build
from striate.runtime.plan import Plan

CLASSES = ("dark", "light", "never seen")
SMALL = Preprocess(size=(8, 8), channels=1, mean=(0.0,), std=(1.0,))


def pictures(count=40):
    draw = np.random.default_rng(3)
    labels = np.arange(count) % 2
    base = np.where(labels, 200, 60)[:, None, None, None]
    return (base + draw.integers(-50, 50, (count, 1, 8, 8))).astype(np.uint8), labels


@pytest.fixture(scope="module")
def recognizer():
    images, labels = pictures()
    fitted = classic.create("pixels-knn").fit(images, labels)
    return PipelineRecognizer("pixels-knn", {}, fitted, CLASSES, SMALL, temperature=1.5)


def test_scores_are_logarithms_of_the_pipelines_probabilities(recognizer):
    images, _ = pictures()
    shares = probabilities_of(recognizer.scores(images), 1.0)
    assert np.abs(shares[:, :2] - recognizer.pipeline.predict_proba(images)).max() < 1e-6
    assert shares[:, 2].max() < 1e-20


def test_what_is_saved_scores_the_same_bit_by_bit(recognizer, tmp_path):
    recognizer.save(tmp_path / "saved")
    again = load(tmp_path / "saved")
    images, _ = pictures()
    assert isinstance(again, PipelineRecognizer)
    assert again.description() == recognizer.description()
    assert np.array_equal(again.scores(images), recognizer.scores(images))


def test_mirrored_views_are_answered_and_their_probabilities_add_up(recognizer):
    images, labels = pictures(6)
    answers = recognizer.predict([image[0] for image in images], views="flip")
    assert [answer.class_name for answer in answers] == [CLASSES[label] for label in labels]
    assert sum(answers[0].probabilities.values()) == pytest.approx(1)


def test_a_folder_that_is_there_is_not_written_over(recognizer, tmp_path):
    with pytest.raises(DataError, match="holds no recognizer"):
        recognizer.save(tmp_path)


def test_what_needs_a_network_is_told_what_it_has(recognizer, tmp_path):
    recognizer.save(tmp_path / "saved")
    with pytest.raises(DoesNotApply, match="classic pipeline, which has no layers"):
        load_network(tmp_path / "saved")


def test_an_estimator_of_other_classes_is_refused(recognizer, tmp_path):
    recognizer.save(tmp_path / "saved")
    path = tmp_path / "saved" / "recognizer.json"
    path.write_text(json.dumps({**recognizer.description(), "classes": ["dark"]}), encoding="utf-8")
    with pytest.raises(DataError, match="knows other classes"):
        load(tmp_path / "saved")


def test_a_kind_that_nobody_knows_is_named(recognizer, tmp_path):
    recognizer.save(tmp_path / "saved")
    path = tmp_path / "saved" / "recognizer.json"
    path.write_text(json.dumps({**recognizer.description(), "kind": "oracle"}), encoding="utf-8")
    with pytest.raises(DataError, match="kind 'oracle'"):
        load(tmp_path / "saved")


def test_a_pipeline_and_a_network_answer_as_one(recognizer, tmp_path):
    torch.manual_seed(0)
    made = build("linear", {}, CLASSES, SMALL).eval()
    network = NetworkRecognizer("linear", {}, made, CLASSES, SMALL, plan=Plan.reference().resolve(made))
    Ensemble((recognizer, network), (0.75, 0.25)).save(tmp_path / "both")
    both = load(tmp_path / "both")
    images, _ = pictures(8)
    parts = [probabilities_of(one.scores(images), one.temperature) for one in (recognizer, network)]
    expected = 0.75 * parts[0] + 0.25 * parts[1]
    assert np.abs(probabilities_of(both.scores(images), 1.0) - expected).max() < 1e-5
