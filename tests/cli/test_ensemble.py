"""`striate ensemble` as a user calls it."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from striate.train.begin import Request, begin


def test_an_ensemble_is_made_evaluated_and_refused(call: Callable[..., Any], tmp_path: Path) -> None:
    settings = {"epochs": 2, "plan.threads": 1, "store": "none"}
    for model in ("linear", "mlp_300"):
        begin(Request(data="digits", model=model, out=tmp_path / model, settings=settings, quiet=True))
    members = [tmp_path / "linear", tmp_path / "mlp_300"]
    made = call("ensemble", *members, "--weights", "fit", "--out", tmp_path / "both")
    assert made.status == 0, made.errors
    assert "against its best member" in made.output
    assert "the ensemble of 2 is right on" in made.output
    found = json.loads(call("evaluate", tmp_path / "both", "--json").output)
    assert found["metrics"]["accuracy"] == json.loads((tmp_path / "both/metrics.json").read_text())["test"]["accuracy"]
    again = json.loads(call("ensemble", *members, "--out", tmp_path / "both", "--json").output)
    assert again["run"] == str(tmp_path / "both-2")
    assert again["weights"] == [0.5, 0.5]
    refused = call("ensemble", *members, "--weights", "half", "--out", tmp_path / "none")
    assert refused.status == 2
    assert "one number a run" in refused.errors
