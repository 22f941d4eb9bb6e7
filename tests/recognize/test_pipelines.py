import numpy as np
import pytest
import torch

import striate
from striate import classic
from striate.core.errors import DataError, DoesNotApply
from striate.data.preprocess import Preprocess
from striate.recognize.pipelines import ClassicNetwork
from striate.recognize.recognizer import NetworkRecognizer, build, build_any
from striate.runtime.plan import Plan

PREPROCESS = Preprocess(size=(12, 12), channels=3, mean=(0.0,) * 3, std=(1.0,) * 3)


@pytest.fixture(scope="module")
def data():
    images = np.random.default_rng(0).integers(0, 256, (40, 3, 12, 12), dtype=np.uint8)
    labels = np.arange(40) % 2
    images[labels == 1, 0] //= 3
    return images, labels


def recognizer(data, classes, labels=None):
    network = build_any("color-linear", {"features__histogram__bins": 2}, classes, PREPROCESS)
    network.pipeline = network.fresh(3).fit(data[0], data[1] if labels is None else labels)
    plan = Plan.reference().resolve(network)
    return NetworkRecognizer("color-linear", network.options, network, classes, PREPROCESS, plan=plan)


def test_scores_are_those_of_the_pipeline_on_the_very_bytes(data):
    images, labels = data
    three = (labels + np.arange(40) // 20) % 3
    found = recognizer(data, ("a", "b", "c"), three)
    pipeline = found.network.pipeline
    expected = pipeline.decision_function(images) / pipeline[-1].temperature_
    np.testing.assert_array_equal(found.scores(images), expected.astype(np.float32))
    assert classic.create("color-linear", features__histogram__bins=2, seed=3).get_params().keys() == (
        pipeline.get_params().keys()
    )


def test_the_softmax_of_the_scores_is_the_pipelines_probability(data):
    found = recognizer(data, ("a", "b"))
    probabilities = torch.from_numpy(found.scores(data[0])).softmax(1)
    np.testing.assert_allclose(probabilities, found.network.pipeline.predict_proba(data[0]), atol=1e-5)


def test_a_class_without_training_pictures_is_never_preferred(data):
    scores = recognizer(data, ("a", "none", "b"), 2 * data[1]).scores(data[0])
    np.testing.assert_array_equal(scores[:, 1], scores.min(1))


def test_a_saved_recognizer_answers_the_same(data, tmp_path):
    found = recognizer(data, ("a", "b"))
    found.save(tmp_path / "it")
    loaded = striate.load(tmp_path / "it")
    assert isinstance(loaded.network, ClassicNetwork)
    np.testing.assert_array_equal(loaded.scores(data[0]), found.scores(data[0]))
    assert [a.class_name for a in loaded.predict(list(data[0].transpose(0, 2, 3, 1)))] == [
        a.class_name for a in found.predict(list(data[0].transpose(0, 2, 3, 1)))
    ]


def test_a_pipeline_of_more_classes_is_refused(data, tmp_path):
    found = recognizer(data, ("a", "b", "c"), (data[1] + np.arange(40) // 20) % 3)
    found.save(tmp_path / "it")
    with pytest.raises(DataError, match="knows more than 2 classes"):
        build_any("color-linear", {}, ("a", "b"), PREPROCESS).read(tmp_path / "it")


def test_what_is_for_networks_refuses_a_pipeline():
    with pytest.raises(DoesNotApply, match="classic pipeline"):
        build("color-linear", {}, ("a", "b"), PREPROCESS)
