"""Networks with auxiliary heads, trained as a user trains them: the heads learn, and the log says how well."""

import json
from pathlib import Path

import pytest

import striate

HEADS = {"googlenet_bn": ["aux1", "aux2"], "inception_v3": ["aux"]}


@pytest.mark.parametrize("model", ["googlenet_bn", pytest.param("inception_v3", marks=pytest.mark.slow)])
def test_auxiliary_heads_learn_and_their_accuracy_is_logged_and_printed(
    tmp_path: Path, model: str, capsys: pytest.CaptureFixture[str]
) -> None:
    run = striate.train(
        "shapes?count=32&size=16&seed=1",
        model=model,
        image_size=8,
        out=tmp_path / "run",
        settings={
            "epochs": 5,
            "optimizer.name": "adam",
            "optimizer.lr": 1e-3,
            "batch_size": 16,
            "split.val": 0,
            "split.test": 0,
            "plan.threads": 1,
            "augment.shift": 0,
        },
    )
    lines = [json.loads(line) for line in (run.path / "log.jsonl").read_text().splitlines()]
    told = capsys.readouterr().err
    steps, epochs = ([line for line in lines if line["kind"] == kind] for kind in ("step", "epoch"))
    for head in HEADS[model]:
        assert all(0 <= line[f"{head}_accuracy"] <= 1 and line[f"{head}_loss"] > 0 for line in steps)
        assert epochs[-1][f"train_{head}_loss"] < epochs[0][f"train_{head}_loss"]
        assert f"train {head} accuracy {epochs[-1][f'train_{head}_accuracy']:.4f}" in told
    measured = {name for name in epochs[0] if name.endswith("_accuracy")}
    assert measured == {"train_accuracy", *(f"train_{head}_accuracy" for head in HEADS[model])}
