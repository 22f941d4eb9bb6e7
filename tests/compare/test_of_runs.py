"""A comparison of real runs from end to end: numbers, page, figures."""

import json
import re
import sys
from pathlib import Path

import pytest

import striate
from striate.compare import of_runs
from striate.compare.of_runs import Compared
from striate.core.errors import RecipeError

FIGURES = {"operations.png", "time.png", "density.png", "learned_epochs.png", "learned_seconds.png"}


@pytest.fixture(scope="module")
def done(runs: dict[str, Path], tmp_path_factory: pytest.TempPathFactory) -> Compared:
    paths = [runs[name] for name in ("linear", "mlp", "mlp-again")]
    return striate.compare(*paths, out=tmp_path_factory.mktemp("comparison") / "all", quiet=True)


def test_every_price_is_there(done: Compared) -> None:
    by_name = {told["name"]: told for told in done.found["recognizers"]}
    assert by_name["linear"]["parameters"] == 650
    assert by_name["linear"]["macs"] == 640
    for told in by_name.values():
        for price in ("memory", "bytes", "prediction_seconds", "training_seconds"):
            assert told[price] > 0


def test_a_classic_pipeline_has_every_price_too(runs: dict[str, Path], tmp_path: Path) -> None:
    settings = {"split.test": 0.1, "plan.threads": 1, "store": "none"}
    fitted = striate.train("digits", model="pixels-knn", out=tmp_path / "nearest", settings=settings, quiet=True)
    compared = striate.compare(runs["linear"], fitted.path, out=tmp_path / "compared", quiet=True)
    told = {entry["name"]: entry for entry in compared.found["recognizers"]}["nearest"]
    assert told["macs"] == told["parameters"] == 64 * len(fitted.split.rows("train"))
    assert told["bytes"] > 0
    if sys.platform == "linux":
        assert told["memory"] > 4 * told["parameters"]  # the pictures of which it looks up the nearest, as float32
        assert "at most" in (fitted.path / "report.html").read_text()
    assert "accumulates of theirs" not in compared.page.read_text()


def test_an_ensemble_whose_members_see_other_sizes_is_compared_like_any_other(
    runs: dict[str, Path], tmp_path: Path
) -> None:
    settings = {"split.test": 0.1, "plan.threads": 1, "store": "none", "epochs": 2, "preprocess.size": 6}
    small = striate.train("digits", model="linear", out=tmp_path / "small", settings=settings, quiet=True)
    both = striate.ensemble(runs["mlp"], small.path, out=tmp_path / "both", quiet=True).run
    found = striate.compare(runs["mlp"], small.path, both.path, out=tmp_path / "compared", quiet=True).found
    told = {entry["name"]: entry for entry in found["recognizers"]}
    assert told["both"]["prediction_seconds"] > 0
    assert told["both"]["parameters"] == told["mlp"]["parameters"] + told["small"]["parameters"]


def test_the_numbers_are_kept_beside_the_page(done: Compared) -> None:
    assert json.loads((done.folder / "comparison.json").read_text()) == done.found
    assert {path.name for path in (done.folder / "figures").iterdir()} == FIGURES


def test_the_page_holds_everything_itself_and_names_all(done: Compared) -> None:
    page = done.page.read_text()
    assert not re.search(r"(src|href)=\"(https?:)?//", page)
    assert done.found["advice"] in page
    assert "data:image/" in page
    for told in done.found["recognizers"]:
        assert told["name"] in page


def test_where_the_data_is_gone_the_page_has_no_pictures_and_says_why(
    runs: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(of_runs, "_table", lambda entrant: (None, "the disk was taken out."))
    found = striate.compare(runs["linear"], runs["mlp"], out=tmp_path / "there", quiet=True)
    page = found.page.read_text()
    assert "the disk was taken out." in page
    assert "background-image" not in page


def test_what_is_for_training_is_refused_for_finished_runs(runs: dict[str, Path]) -> None:
    for wrong in ({"budget": "3m"}, {"seeds": 2}, {"models": ["linear", "mlp"]}, {"resume": runs["mlp"]}):
        with pytest.raises(RecipeError):
            striate.compare(runs["linear"], runs["mlp"], quiet=True, **wrong)


def test_one_alone_is_told_what_else_to_name(runs: dict[str, Path]) -> None:
    for alone in ((), (runs["linear"],)):
        with pytest.raises(RecipeError, match="name two finished runs or more, or pictures and the models"):
            striate.compare(*alone, quiet=True)
