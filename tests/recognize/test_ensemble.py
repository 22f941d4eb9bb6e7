"""Recognizers that answer as one, against the mean by hand."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from striate.core.errors import ClassMismatch, DataError, DoesNotApply
from striate.data.preprocess import Preprocess
from striate.recognize.ensemble import Ensemble, combined
from striate.recognize.load import load, load_network
from striate.recognize.predict import probabilities_of
from striate.recognize.recognizer import NetworkRecognizer, build
from striate.runtime.plan import Plan


def member(seed: int, size: int = 16, classes: Sequence[str] = ("ant", "bee", "cat")) -> NetworkRecognizer:
    torch.manual_seed(seed)
    preprocess = Preprocess(size=(size, size), channels=3, mean=(0.5,) * 3, std=(0.25,) * 3)
    network = build("mlp_300", {}, classes, preprocess).eval()
    return NetworkRecognizer(
        "mlp_300", {}, network, tuple(classes), preprocess, 1.0 + seed, Plan(threads=1).resolve(network)
    )


@pytest.fixture
def images() -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (5, 3, 16, 16), dtype=np.uint8)


@pytest.fixture
def pictures(tmp_path: Path) -> list[Path]:
    drawn = np.random.default_rng(1).integers(0, 256, (4, 40, 30, 3), dtype=np.uint8)
    paths = [tmp_path / f"{place}.png" for place in range(4)]
    for path, pixels in zip(paths, drawn, strict=True):
        Image.fromarray(pixels).save(path)
    paths[2].write_bytes(paths[2].read_bytes()[:100])
    return paths


def shares(one: NetworkRecognizer | Ensemble, images: np.ndarray) -> np.ndarray:
    return probabilities_of(one.scores(images), one.temperature)


def test_probabilities_are_averaged_after_each_temperature(images: np.ndarray) -> None:
    one, other = member(0), member(1)
    together = Ensemble((one, other), (0.25, 0.75))
    expected = 0.25 * shares(one, images) + 0.75 * shares(other, images)
    assert shares(together, images) == pytest.approx(expected, abs=1e-6)


def test_the_mean_of_logits_is_the_geometric_mean_of_probabilities(images: np.ndarray) -> None:
    one, other = member(0), member(1)
    together = Ensemble((one, other), (0.5, 0.5), "logits", temperature=2.0)
    product = np.sqrt(shares(one, images) * shares(other, images)) ** (1 / 2.0)
    assert shares(together, images) == pytest.approx(product / product.sum(1, keepdims=True), abs=1e-6)
    logits = np.mean([own.scores(images) / own.temperature for own in (one, other)], axis=0)
    assert shares(together, images) == pytest.approx(probabilities_of(logits, 2.0), abs=1e-6)


def test_classes_are_matched_by_name(images: np.ndarray) -> None:
    one = member(0)
    turned = replace(one, classes=("cat", "ant", "bee"))
    together = Ensemble((one, turned), (0.5, 0.5))
    expected = (shares(one, images) + shares(one, images)[:, [1, 2, 0]]) / 2
    assert shares(together, images) == pytest.approx(expected, abs=1e-6)
    with pytest.raises(ClassMismatch, match="dog"):
        Ensemble((one, replace(one, classes=("ant", "bee", "dog"))), (0.5, 0.5))


def test_members_that_see_other_sizes_answer_files_and_refuse_placed_pictures(
    images: np.ndarray, pictures: list[Path]
) -> None:
    small, large = member(0), member(1, size=24)
    together = Ensemble((small, large), (0.5, 0.5))
    found = together.predict(pictures)
    alone = [own.predict(pictures) for own in (small, large)]
    for place, answer in enumerate(found):
        if place == 2:
            assert answer.error == alone[0][place].error
            continue
        for name in together.classes:
            mean = sum(own[place].probabilities[name] for own in alone) / 2
            assert answer.probabilities[name] == pytest.approx(mean, abs=1e-6)
        assert answer.probability == max(answer.probabilities.values())
    assert [answer.class_name for answer in together.answers(iter(pictures))] == [a.class_name for a in found]
    with pytest.raises(DoesNotApply, match="different sizes"):
        together.scores(images)


def test_a_saved_ensemble_answers_bit_by_bit_the_same(tmp_path: Path, images: np.ndarray) -> None:
    inner = Ensemble((member(0), member(1)), (0.5, 0.5))
    outer = Ensemble((inner, member(2)), (0.7, 0.3), "logits", 1.5)
    outer.save(tmp_path / "saved")
    read = load(tmp_path / "saved")
    assert isinstance(read, Ensemble)
    assert read.description() == outer.description()
    assert (read.scores(images) == outer.scores(images)).all()
    with pytest.raises(DoesNotApply, match="ensemble of 2"):
        load_network(tmp_path / "saved")


def test_certainty_of_one_member_is_no_infinity_for_the_others() -> None:
    sure, unsure = np.array([[0.0, -800.0]]), np.log([[0.5, 0.5]])
    for average in ("probabilities", "logits"):
        assert np.isfinite(combined([sure, unsure], (1.0, 0.0), average)).all()
        assert np.isfinite(combined([sure, unsure], (0.5, 0.5), average)).all()


def test_weights_must_suit_the_members() -> None:
    with pytest.raises(DataError, match="adding up to 1"):
        Ensemble((member(0), member(1)), (0.5, 0.6))


def test_other_folders_are_never_replaced(tmp_path: Path) -> None:
    (tmp_path / "thesis.tex").write_text("years of work")
    with pytest.raises(DataError, match="holds no recognizer"):
        Ensemble((member(0), member(1)), (0.5, 0.5)).save(tmp_path)
