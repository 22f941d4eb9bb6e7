"""`striate ensemble` as a user calls it."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any


def test_an_ensemble_is_made_evaluated_and_refused(runs: list[str], call: Callable[..., Any], tmp_path: Path) -> None:
    made = call("ensemble", *runs, "--weights", "fit", "--out", tmp_path / "both")
    assert made.status == 0, made.errors
    assert "against its best member" in made.output
    assert "the ensemble of 2 is right on" in made.output
    found = json.loads(call("evaluate", tmp_path / "both", "--json").output)
    assert found["metrics"]["accuracy"] == json.loads((tmp_path / "both/metrics.json").read_text())["test"]["accuracy"]
    again = json.loads(call("ensemble", *runs, "--out", tmp_path / "both", "--json").output)
    assert again["run"] == str(tmp_path / "both-2")
    assert again["weights"] == [0.5, 0.5]
    refused = call("ensemble", *runs, "--weights", "half", "--out", tmp_path / "none")
    assert refused.status == 2
    assert "one number a run" in refused.errors
