"""Ensembles of runs: measured as evaluation measures them, weights that lower the loss, gains with intervals."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import striate
from striate.compare.ensemble import fit_weights, make
from striate.compare.entrants import read
from striate.compare.of_runs import compare_runs
from striate.core.errors import DataError
from striate.report.of_run import report


@pytest.fixture(scope="module")
def made(runs: dict[str, Path], tmp_path_factory: pytest.TempPathFactory) -> Any:
    members = [runs[name] for name in ("linear", "mlp", "mlp-again")]
    return make(members, tmp_path_factory.mktemp("ensemble") / "all", weights=(1, 2, 2), quiet=True)


def test_evaluation_measures_what_the_ensemble_says_of_itself(made: Any) -> None:
    assert made.weights == pytest.approx((0.2, 0.4, 0.4))
    found = striate.evaluate(made.run.path, quiet=True)
    own = made.run.metrics["test"]
    assert found.part == "test"
    assert found.metrics["accuracy"] == own["accuracy"]
    assert found.metrics["loss"]["value"] == pytest.approx(own["loss"]["value"], rel=1e-5)
    assert found.metrics["calibration"]["temperature"] == own["calibration"]["temperature"]


def test_the_gain_is_over_the_best_member_on_the_same_pictures(made: Any, runs: dict[str, Path]) -> None:
    best, together = read([made.best, made.run.path])
    assert made.gain.difference == pytest.approx(together.right.mean() - best.right.mean())
    assert made.gain.low <= made.gain.difference <= made.gain.high


def test_an_ensemble_is_compared_and_reported_like_any_other(made: Any, runs: dict[str, Path], tmp_path: Path) -> None:
    found = compare_runs([runs["linear"], made.run.path], tmp_path / "there", quiet=True).found
    told = next(told for told in found["recognizers"] if told["name"] == "all")
    assert told["parameters"] == 650 + 2 * 22_510
    page = report(made.run, quiet=True).read_text()
    assert "these 3 members" in page
    assert str(runs["mlp-again"]) in page


def test_weights_are_those_with_the_least_loss(runs: dict[str, Path]) -> None:
    draw = np.random.default_rng(0)
    labels = draw.integers(0, 3, 400)
    truth = np.eye(3)[labels]
    good, noise = (np.log(_normal(np.exp(strength * truth + draw.normal(0, 1, truth.shape)))) for strength in (2, 0))
    for average in ("probabilities", "logits"):
        assert fit_weights([good, noise], labels, average)[0] > 0.8
        alike = fit_weights([good, good[:, :]], labels, average)
        assert sum(alike) == pytest.approx(1)


def test_what_was_tested_on_other_pictures_makes_no_ensemble(runs: dict[str, Path], tmp_path: Path) -> None:
    with pytest.raises(DataError, match="different pictures"):
        make([runs["linear"], runs["elsewhere"]], tmp_path / "none", quiet=True)
    with pytest.raises(DataError, match="2 numbers are needed"):
        make([runs["linear"], runs["mlp"]], tmp_path / "none", weights=(1,), quiet=True)
    assert not (tmp_path / "none").exists()


def _normal(values: np.ndarray) -> np.ndarray:
    return values / values.sum(1, keepdims=True)
