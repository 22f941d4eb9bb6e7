"""Rosenblatt's rule converges on separable pictures: after finitely many corrections it makes no mistake any more."""

import json
from pathlib import Path

import numpy as np
from PIL import Image

import striate


def _separable(root: Path) -> Path:
    """Write random 4x4 pictures in two classes that a hidden hyperplane parts with a margin."""
    draw = np.random.default_rng(3)
    plane = draw.normal(size=16)
    for number, pixels in enumerate(draw.integers(0, 256, (250, 16), dtype=np.uint8)):
        side = (pixels / 255 - 0.5) @ plane
        if abs(side) > 0.8:
            folder = root / ("above" if side > 0 else "below")
            folder.mkdir(parents=True, exist_ok=True)
            Image.fromarray(pixels.reshape(4, 4)).save(folder / f"{number}.png")
    return root


def test_the_perceptron_stops_making_mistakes_on_separable_pictures(tmp_path: Path) -> None:
    run = striate.train(
        _separable(tmp_path / "pictures"),
        model="perceptron",
        out=tmp_path / "run",
        settings={"epochs": 25, "split.val": 0.0, "split.test": 0.2},
        quiet=True,
    )
    recipe = run.recipe
    assert (recipe.batch_size, recipe.loss.name, recipe.optimizer.momentum) == (1, "perceptron", 0)
    lines = [json.loads(line) for line in (run.path / "log.jsonl").read_text().splitlines()]
    mistakes = [1 - line["train_accuracy"] for line in lines if line["kind"] == "epoch"]
    assert mistakes[0] > 0
    assert mistakes[-3:] == [0, 0, 0]
    assert run.metrics["test"]["accuracy"]["value"] > 0.9
