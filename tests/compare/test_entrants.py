"""Who may be compared: the same pictures by content, the same classes by name, seeds of one recipe together."""

import json
import shutil
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from striate.compare.entrants import read, same_training
from striate.core.errors import ClassMismatch, DataError


def test_what_the_runs_measured_themselves_is_what_is_compared(runs: dict[str, Path]) -> None:
    linear, mlp = read([runs["linear"], runs["mlp"]])
    for entrant, name in ((linear, "linear"), (mlp, "mlp")):
        metrics = json.loads((runs[name] / "metrics.json").read_text())["test"]
        assert entrant.name == name
        assert entrant.right.shape == (1, metrics["pictures"])
        assert entrant.right.mean() == pytest.approx(metrics["accuracy"]["value"])
    assert (linear.trainings[0].rows == mlp.trainings[0].rows).all()
    assert same_training([linear, mlp])


def test_trainings_that_differ_by_their_seed_are_one_recognizer(runs: dict[str, Path]) -> None:
    linear, mlp = read([runs["linear"], runs["mlp"], runs["mlp-again"]])
    assert (linear.name, mlp.name) == ("linear", "mlp_300")
    assert len(mlp.trainings) == 2
    assert (mlp.right[0] != mlp.right[1]).any()


def test_seeds_alone_are_compared_with_each_other(runs: dict[str, Path]) -> None:
    assert [entrant.name for entrant in read([runs["mlp"], runs["mlp-again"]])] == ["mlp", "mlp-again"]


def test_a_copied_run_is_no_second_training(runs: dict[str, Path], tmp_path: Path) -> None:
    copy = shutil.copytree(runs["mlp"], tmp_path / "copy")
    found = read([runs["mlp"], copy, runs["mlp-again"], runs["linear"]])
    assert [(entrant.name, len(entrant.trainings)) for entrant in found] == [("mlp", 2), ("copy", 1), ("linear", 1)]


def test_trainings_on_other_pictures_are_other_recognizers(runs: dict[str, Path], tmp_path: Path) -> None:
    fewer = shutil.copytree(runs["mlp-again"], tmp_path / "fewer")
    split = pq.read_table(fewer / "split.parquet")
    sides = np.array(split["split"].to_pylist(), dtype=object)
    sides[np.flatnonzero(sides == "train")[:100]] = None
    place = split.column_names.index("split")
    split = split.set_column(place, "split", pa.array(sides, split["split"].type)).replace_schema_metadata(None)
    pq.write_table(split, fewer / "split.parquet")
    found = read([runs["mlp"], fewer, runs["linear"]])
    assert [len(entrant.trainings) for entrant in found] == [1, 1, 1]
    assert not same_training(found)


def test_other_test_pictures_are_refused_with_how_many_are_shared(runs: dict[str, Path]) -> None:
    with pytest.raises(DataError, match=r"different pictures: \d+ and \d+, of which \d+ are the same.*split\.file="):
        read([runs["linear"], runs["elsewhere"]])


def test_a_run_named_twice_is_one_run(runs: dict[str, Path]) -> None:
    with pytest.raises(DataError, match="one run alone"):
        read([runs["linear"], runs["linear"]])


def test_a_run_that_was_stopped_is_refused_with_how_to_go_on(runs: dict[str, Path], tmp_path: Path) -> None:
    stopped = shutil.copytree(runs["mlp"], tmp_path / "stopped")
    (stopped / "metrics.json").unlink()
    with pytest.raises(DataError, match="striate train --resume"):
        read([runs["linear"], stopped])


def test_classes_are_matched_by_name(runs: dict[str, Path], tmp_path: Path) -> None:
    turned = _with_classes(runs["mlp"], tmp_path / "turned", list("9876543210"))
    straight, crooked = (read([runs["linear"], path])[1] for path in (runs["mlp"], turned))
    assert crooked.trainings[0].run.classes == tuple("9876543210")
    assert (crooked.predicted == straight.predicted).all()
    assert (crooked.right == straight.right).all()


def test_other_classes_are_refused_by_name(runs: dict[str, Path], tmp_path: Path) -> None:
    other = shutil.copytree(runs["mlp"], tmp_path / "other")
    (other / "classes.json").write_text(json.dumps([*"012345678", "nine"]))
    with pytest.raises(ClassMismatch, match="'9', 'nine'"):
        read([runs["linear"], other])


def test_other_labels_of_the_same_pictures_are_refused(runs: dict[str, Path], tmp_path: Path) -> None:
    path = shutil.copytree(runs["mlp"], tmp_path / "relabeled") / "predictions.parquet"
    table = pq.read_table(path)
    labels = (table["label"].to_numpy() + 1) % 10
    pq.write_table(table.set_column(2, "label", pa.array(labels.astype(np.int32))), path)
    with pytest.raises(DataError, match="the same pictures with other labels"):
        read([runs["linear"], path.parent])


def test_a_picture_without_an_answer_counts_as_wrong(runs: dict[str, Path], tmp_path: Path) -> None:
    path = shutil.copytree(runs["mlp"], tmp_path / "unanswered") / "predictions.parquet"
    table = pq.read_table(path)
    scores = pc.if_else(pa.array(np.arange(len(table)) % 7 > 0), table["scores"], None)
    pq.write_table(table.set_column(3, "scores", scores), path)
    lost = read([runs["linear"], path.parent])[1].trainings[0]
    assert not lost.answered.all()
    assert not lost.right[~lost.answered].any()
    assert (lost.predicted[~lost.answered] == -1).all()


def _with_classes(run: Path, copy: Path, classes: list[str]) -> Path:
    """Copy a run as if it had had its classes in another order."""
    shutil.copytree(run, copy)
    before = json.loads((run / "classes.json").read_text())
    (copy / "classes.json").write_text(json.dumps(classes))
    table = pq.read_table(copy / "predictions.parquet")
    scores = np.stack(table["scores"].to_numpy())[:, [before.index(name) for name in classes]]
    labels = [classes.index(before[label]) for label in table["label"].to_pylist()]
    table = table.set_column(2, "label", pa.array(labels, pa.int32()))
    flat = pa.FixedSizeListArray.from_arrays(pa.array(scores.ravel()), len(classes))
    pq.write_table(table.set_column(3, "scores", flat), copy / "predictions.parquet")
    return copy
