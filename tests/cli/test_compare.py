"""`striate compare` as a user calls it."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any


def test_a_comparison_prints_advice_a_table_and_who_beats_whom(
    runs: list[str], call: Callable[..., Any], tmp_path: Path
) -> None:
    outcome = call("compare", *runs, "--out", tmp_path / "both")
    assert outcome.status == 0, outcome.errors
    assert outcome.output.startswith("Take ")
    assert "95 % interval" in outcome.output
    assert "undecided" in outcome.output
    assert f"page: {tmp_path / 'both' / 'comparison.html'}" in outcome.output


def test_json_is_one_document_and_a_folder_that_is_there_is_kept(
    runs: list[str], call: Callable[..., Any], tmp_path: Path
) -> None:
    (tmp_path / "both").mkdir()
    found = json.loads(call("compare", *runs, "--out", tmp_path / "both", "--json").output)
    assert found["folder"] == str(tmp_path / "both-2")
    assert {told["name"] for told in found["recognizers"]} == {"linear", "mlp_300"}


def test_runs_that_cannot_be_compared_are_refused(runs: list[str], call: Callable[..., Any], tmp_path: Path) -> None:
    outcome = call("compare", runs[0], tmp_path)
    assert outcome.status == 2
    assert "no run directory" in outcome.errors
