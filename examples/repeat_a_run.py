"""Repeat a run: bit for bit the same with the same recipe, and on the same test pictures with another seed."""

from pathlib import Path

import striate
from striate.train.run import Run


def weights(run: Run) -> bytes:
    """Return the file of the best weights."""
    return (Path(run.path) / "checkpoints" / "best" / "weights.safetensors").read_bytes()


first = striate.train("digits", model="mlp_300", epochs=3, out="runs/first", quiet=True)
again = striate.train(base=first.path, out="runs/again", quiet=True)
print(f"the same recipe gives the same weights: {weights(first) == weights(again)}")

others = [
    striate.train(base=first.path, settings={"seed": seed}, out=f"runs/seed-{seed}", quiet=True) for seed in (1, 2)
]
runs = [first, *others]
same = all(run.split.rows("test").tolist() == first.split.rows("test").tolist() for run in runs)
print(f"other seeds are measured on the same test pictures: {same}")
for run in runs:
    accuracy = run.metrics["test"]["accuracy"]
    print(f"seed {run.recipe.seed}: {accuracy['value']:.1%} ({accuracy['low']:.1%} to {accuracy['high']:.1%})")

# The intervals speak of other pictures, not of other seeds; how far seeds lie apart is seen here.
values = [run.metrics["test"]["accuracy"]["value"] for run in runs]
print(f"from the lowest to the highest of {len(runs)} seeds: {100 * (max(values) - min(values)):.1f} points")
