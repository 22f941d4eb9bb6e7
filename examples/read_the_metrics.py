"""Read what a run wrote: the numbers with their intervals, and every answer, to compute what we did not."""

import json
from pathlib import Path

import numpy as np
import pyarrow.compute as pc
import pyarrow.parquet as pq

import striate

run = striate.train("digits", model="linear", epochs=4, out="runs/linear", quiet=True)

test = json.loads(Path(run.path, "metrics.json").read_text(encoding="utf-8"))["test"]
for name in ("accuracy", "top5", "macro_f1", "loss"):
    found = test[name]
    print(f"{name}: {found['value']:.3f}, {found['low']:.3f} to {found['high']:.3f} by {found['interval']}")

answers = pq.read_table(run.path / "predictions.parquet", filters=pc.field("split") == "test")
answers = answers.filter(pc.is_valid(answers["scores"]))  # an unreadable picture has none
scores = np.stack(answers["scores"].to_pylist())
labels = answers["label"].to_numpy()
right = scores.argmax(axis=1) == labels
print(f"computed again from predictions.parquet: {right.mean():.3f} of {len(labels)} pictures")

confusion = np.zeros((len(run.classes), len(run.classes)), int)
np.add.at(confusion, (labels, scores.argmax(axis=1)), 1)
print(f"the confusion matrix too: {confusion.tolist() == test['confusion']}")

best_two = np.sort(scores, axis=1)[:, -2:]
closest = (best_two[:, 1] - best_two[:, 0]).argsort()[:3]
for row, label in zip(answers["row"].to_numpy()[closest], labels[closest], strict=True):
    print(f"a close call: picture {row}, of class {run.classes[label]}")
