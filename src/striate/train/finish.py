"""The end of a training: measure the best network once on validation and test, and write the numbers down."""

from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from striate.core.files import whole_file, write_json
from striate.core.progress import say
from striate.data.store import Store
from striate.data.table import Table
from striate.evaluate import accuracy, calibration
from striate.recognize.ensemble import Ensemble
from striate.recognize.load import load
from striate.recognize.pipeline import PipelineRecognizer
from striate.recognize.recognizer import DESCRIPTION, NetworkRecognizer
from striate.recognize.rows import answer_stored
from striate.runtime.inference import Answers
from striate.runtime.processes import ALONE, Group
from striate.train.checkpoint import State
from striate.train.run import Run

_Trained = NetworkRecognizer | PipelineRecognizer


def finish(run: Run, table: Table, store: Store, state: State, *, group: Group = ALONE, quiet: bool = False) -> None:
    """Write predictions.parquet, the best recognizer's temperature, and metrics.json, in that order.

    A kill in between leaves a run without metrics.json, which `--resume` finishes. Of many processes, each answers
    its part of the pictures, and the first writes.
    """
    group.wait()  # for the first to have written the best weights
    best = load(run.path)
    assert not isinstance(best, Ensemble), "an ensemble is not trained"
    silent = quiet or not group.first
    answers = {
        part: answer_stored(best, store, rows, group=group, label=f"evaluating on {part}", quiet=silent)
        for part in ("val", "test")
        if len(rows := run.split.rows(part))
    }
    if group.first:
        _write(run, table, state, best, answers, quiet=quiet)


def _write(run: Run, table: Table, state: State, best: _Trained, answers: dict[str, Answers], *, quiet: bool) -> None:
    labels, classes = table.labels, len(run.classes)
    _write_predictions(run, table, answers, classes)
    temperature = _fit_temperature(answers.get("val"), labels)
    _keep_temperature(run, best, temperature)
    metrics = {part: _measure(answer, table, run, temperature, part) for part, answer in answers.items()}
    for row, reason in state.unreadable.items():
        say(f"warn: {table.name(int(row))} became unreadable while training and was left out: {reason}", quiet=quiet)
    seconds = {"seconds": state.seconds, "steps": state.step, "unreadable_while_training": state.unreadable}
    write_json(run.path / "environment.json", {**run.read_json("environment.json"), **seconds})
    write_json(run.path / "metrics.json", metrics)


def _measure(answer: Answers, table: Table, run: Run, temperature: float | None, part: str) -> dict[str, Any]:
    labels = table.labels[answer.rows]
    return accuracy.measure(
        answer.scores[answer.answered],
        labels[answer.answered],
        run.classes,
        unanswered_labels=labels[~answer.answered],
        temperature=None if part == "val" else temperature,
        seed=run.recipe.seed,
    )


def _fit_temperature(answer: Answers | None, labels: np.ndarray[Any, Any]) -> float | None:
    """Return the temperature fitted on validation pictures; None without any."""
    if answer is None or not answer.answered.any():
        return None
    return calibration.fit_temperature(answer.scores[answer.answered], labels[answer.rows][answer.answered])


def _keep_temperature(run: Run, best: _Trained, temperature: float | None) -> None:
    description = {**best.description(), "temperature": temperature or 1.0}
    write_json(run.path / "checkpoints" / "best" / DESCRIPTION, description)


def _write_predictions(run: Run, table: Table, answers: dict[str, Answers], classes: int) -> None:
    parts = [
        pa.table(
            {
                "row": pa.array(answer.rows, pa.int64()),
                "split": pa.array([part] * len(answer.rows), pa.string()),
                "label": pa.array(table.labels[answer.rows].astype(np.int32)),
                "scores": pa.FixedSizeListArray.from_arrays(
                    pa.array(answer.scores.ravel()), classes, mask=pa.array(~answer.answered)
                ),
            }
        )
        for part, answer in answers.items()
    ]
    if parts:
        with whole_file(run.path / "predictions.parquet") as beside:
            pq.write_table(pa.concat_tables(parts), beside)
