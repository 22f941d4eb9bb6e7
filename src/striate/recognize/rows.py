"""The answers of any recognizer to pictures of a table: each kind is asked in its own way, in one place."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from striate.data.store import Store
from striate.data.table import Table
from striate.data.views import views as views_of
from striate.recognize import pipeline
from striate.recognize.ensemble import Ensemble
from striate.recognize.load import Loaded
from striate.recognize.pipeline import PipelineRecognizer
from striate.recognize.recognizer import NetworkRecognizer
from striate.runtime.inference import Answers
from striate.runtime.processes import Group
from striate.runtime.together import divided, infer_together


@dataclass(frozen=True)
class Told:
    """What was answered, and why some pictures were not.

    Args:
        answers: in the order of the rows that were asked for.
        reasons: why a picture could not be read, by its row.
        looks: how many views of each picture were looked at.
    """

    answers: Answers
    reasons: Mapping[int, str]
    looks: int


def answer_rows(
    recognizer: Loaded,
    table: Table,
    rows: NDArray[np.int64],
    *,
    group: Group,
    views: str = "none",
    temperature: float | None = None,
    label: str = "",
    quiet: bool = True,
) -> Told:
    """Return the scores of the pictures of `rows`; of many processes, each answers its part and all have the whole.

    Args:
        recognizer: asked in float32.
        table: the pictures.
        rows: (N,).
        group: the processes that answer together.
        views: a name of `striate.data.views.VIEWS`.
        temperature: of the recognizer, for the mean over views; None where it is not to count.
        label: what the progress says.
        quiet: show no progress.
    """
    if isinstance(recognizer, Ensemble):
        return _of_ensemble(recognizer, table, rows, group, views, label=label, quiet=quiet)
    looks = views_of(views, recognizer.preprocess.size)
    store = Store(table, recognizer.preprocess)
    try:
        told = answer_stored(
            recognizer, store, rows, group=group, looks=looks, temperature=temperature or 1.0, label=label, quiet=quiet
        )
    finally:
        store.close()
    lost = rows[~told.answered].tolist()
    return Told(told, {row: store.reason(row) or "" for row in lost}, len(looks))


def answer_stored(
    recognizer: NetworkRecognizer | PipelineRecognizer,
    store: Store,
    rows: NDArray[np.int64],
    *,
    group: Group,
    **options: Any,
) -> Answers:
    """Return the scores of the pictures of `rows` of a store; options as `runtime.inference.infer` has them."""
    if isinstance(recognizer, PipelineRecognizer):
        return divided(group, store, rows, lambda own: pipeline.infer(recognizer, store, own, **options))
    return infer_together(
        group, recognizer.network, store, rows, recognizer.plan, classes=len(recognizer.classes), **options
    )


def _of_ensemble(
    ensemble: Ensemble, table: Table, rows: NDArray[np.int64], group: Group, views: str, *, label: str, quiet: bool
) -> Told:
    """Ask the members one after the other, each with its own views and temperature."""
    told = [
        answer_rows(
            member, table, rows, group=group, views=views, temperature=member.temperature,
            label=f"{label} {member.model}".strip(), quiet=quiet,
        )
        for member in ensemble.members
    ]  # fmt: skip
    answered = np.logical_and.reduce([part.answers.answered for part in told])
    scores = np.zeros((len(rows), len(ensemble.classes)), np.float32)
    if answered.any():
        scores[answered] = ensemble.combine([part.answers.scores[answered] for part in told])
    reasons = {row: reason for part in told for row, reason in part.reasons.items()}
    return Told(Answers(rows, scores, answered), reasons, max(part.looks for part in told))
