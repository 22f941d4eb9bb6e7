"""Measuring a run again, or any recognizer: by name, never by position."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import striate
from striate.core.errors import ClassMismatch, DataError, UnknownName
from striate.sources import open_table
from striate.train.run import Run


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Run:
    out = tmp_path_factory.mktemp("runs") / "run"
    return striate.train(
        "digits", model="mlp_300", out=out, settings={"epochs": 10, "seed": 3, "plan.threads": 1}, quiet=True
    )


def _pictures(run: Run, root: Path, labels: list[int]) -> Path:
    """Write test pictures of the run as a folder of classes, some perhaps under other names."""
    table = open_table("digits")
    assert table.pixels is not None
    test = run.split.rows("test")
    for label in labels:
        (root / str(label)).mkdir(parents=True)
        for row in test[table.labels[test] == label]:
            Image.fromarray(table.pixels[row, :, :, 0]).save(root / str(label) / f"{row}.png")
    return root


def test_the_runs_own_test_pictures_give_the_runs_own_numbers(trained: Run) -> None:
    evaluation = striate.evaluate(trained.path, quiet=True)
    assert evaluation.part == "test"
    assert evaluation.metrics == trained.metrics["test"]


def test_a_set_that_lacks_classes_gives_the_right_numbers(trained: Run, tmp_path: Path) -> None:
    evaluation = striate.evaluate(trained.path, _pictures(trained, tmp_path, [8, 3]), quiet=True)
    own = np.array(trained.metrics["test"]["confusion"])
    assert evaluation.metrics["confusion"][3] == own[3].tolist()
    assert evaluation.metrics["confusion"][8] == own[8].tolist()
    assert evaluation.metrics["pictures"] == own[[3, 8]].sum()
    assert evaluation.seen == 0


def test_an_unknown_class_is_named_or_left_out_and_counted(trained: Run, tmp_path: Path) -> None:
    root = _pictures(trained, tmp_path, [1, 2])
    (root / "1").rename(root / "one")
    count = len(list((root / "one").iterdir()))
    with pytest.raises(ClassMismatch, match=rf"'one' \({count} pictures\).*--ignore-unknown"):
        striate.evaluate(trained.path, root, quiet=True)
    evaluation = striate.evaluate(trained.path, root, ignore_unknown=True, quiet=True)
    assert evaluation.ignored == count
    assert evaluation.metrics["pictures"] == sum(trained.metrics["test"]["confusion"][2])


def test_unreadable_pictures_count_as_unanswered(trained: Run, tmp_path: Path) -> None:
    root = _pictures(trained, tmp_path, [5])
    (root / "5" / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    evaluation = striate.evaluate(trained.path, root, quiet=True)
    ((name, reason),) = evaluation.quarantined
    assert name.endswith("broken.png")
    assert reason
    assert evaluation.metrics["unanswered"] == 1
    answered = sum(trained.metrics["test"]["confusion"][5])
    right = trained.metrics["test"]["confusion"][5][5]
    assert evaluation.metrics["accuracy"]["value"] == pytest.approx(right / (answered + 1))


def test_pictures_that_the_run_was_trained_on_are_told(trained: Run) -> None:
    evaluation = striate.evaluate(trained.path, "digits", quiet=True)
    known = len(trained.split.rows("train")) + len(trained.split.rows("val"))
    assert evaluation.seen >= known


def test_a_folder_that_is_no_run_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="neither the directory of a run nor the folder of a recognizer"):
        striate.evaluate(tmp_path, quiet=True)


def test_a_recognizer_without_a_run_is_measured_on_other_labeled_pictures(
    trained: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pictures = _pictures(trained, tmp_path / "pictures", [8, 3])
    trained.recognizer().save(tmp_path / "alone")
    alone = striate.evaluate(tmp_path / "alone", pictures)
    assert "not known here" in capsys.readouterr().err
    of_run = striate.evaluate(trained.path, pictures, quiet=True)
    assert alone.metrics["confusion"] == of_run.metrics["confusion"]
    assert alone.metrics["calibration"]["temperature"] == of_run.metrics["calibration"]["temperature"]
    assert (alone.seen, of_run.seen) == (None, 0)
    (pictures / "3").rename(pictures / "three")
    with pytest.raises(ClassMismatch, match="'three'"):
        striate.evaluate(tmp_path / "alone", pictures, quiet=True)
    with pytest.raises(DataError, match=r"has no pictures of its own: .* DATA"):
        striate.evaluate(tmp_path / "alone", quiet=True)


def test_data_that_is_called_val_is_not_taken_for_the_run_s_own(
    trained: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _pictures(trained, tmp_path / "val", [8, 3])
    monkeypatch.chdir(tmp_path)
    measured = striate.evaluate(trained.path, "val", quiet=True)
    assert measured.metrics["calibration"]["temperature"] == trained.metrics["test"]["calibration"]["temperature"]


def test_views_are_named_and_change_the_answers(trained: Run) -> None:
    plain, flipped = (striate.evaluate(trained.path, views=views, quiet=True).metrics for views in ("none", "flip"))
    assert "views" not in plain
    assert flipped["views"] == "flip"
    assert flipped["pictures"] == plain["pictures"]
    assert flipped["loss"] != plain["loss"]  # a mirrored digit is another one
    with pytest.raises(UnknownName, match=r"no view named 'tenn'.*ten"):
        striate.evaluate(trained.path, views="tenn", quiet=True)
