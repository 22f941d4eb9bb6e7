"""What the page of a comparison says, where the numbers are unusual."""

import copy
import re
from pathlib import Path
from typing import Any

import pytest

from striate.compare import page
from striate.compare.entrants import Entrant, read
from striate.compare.of_runs import compare_runs


@pytest.fixture(scope="module")
def entrants(runs: dict[str, Path]) -> list[Entrant]:
    return read([runs["linear"], runs["mlp"]])


@pytest.fixture(scope="module")
def found(runs: dict[str, Path], tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    return compare_runs([runs["linear"], runs["mlp"]], tmp_path_factory.mktemp("comparison"), quiet=True).found


def cells(text: str) -> list[str]:
    """Return the cells of the matrix of who beats whom, without its corner."""
    matrix = re.search(r'<table class="matrix long beats">.*?</table>', text, re.DOTALL)
    assert matrix is not None
    return re.findall(r"<td[^>]*title=[^>]*>[^<]*</td>", matrix[0])


def test_an_undecided_difference_is_written_in_ink_however_large(
    entrants: list[Entrant], found: dict[str, Any], tmp_path: Path
) -> None:
    for better, painted in ((None, 0), ("mlp", 2)):
        changed = copy.deepcopy(found)
        changed["pairs"][0] |= {"difference": 0.3, "better": better}
        text = page.write(tmp_path / str(better), changed, page.Shown(entrants)).read_text()
        assert len(cells(text)) == 2
        assert sum(" full" in cell for cell in cells(text)) == painted  # white letters, on color alone


def test_what_nobody_knows_is_told_and_that_there_is_none(
    entrants: list[Entrant], found: dict[str, Any], tmp_path: Path
) -> None:
    for count, said in ((0, "somebody is right on each"), (3, "3 pictures of")):
        text = page.write(tmp_path / str(count), {**found, "all_wrong": count}, page.Shown(entrants)).read_text()
        assert said in text
        assert ("Look there first" in text) is (count > 0)


def test_what_has_no_operations_is_named_below_the_figures(
    entrants: list[Entrant], found: dict[str, Any], tmp_path: Path
) -> None:
    changed = copy.deepcopy(found)
    for told in changed["recognizers"]:
        if told["name"] == "linear":
            told |= {"macs": None, "parameters": None}
    text = page.write(tmp_path / "there", changed, page.Shown(entrants)).read_text()
    assert "no multiply-accumulates of theirs are counted: linear." in text
    for told in changed["recognizers"]:
        told |= {"macs": None, "parameters": None}
    text = page.write(tmp_path / "none", changed, page.Shown(entrants)).read_text()
    assert "Accuracy and time" in text or "time of one picture" in text
    assert not (tmp_path / "none" / "figures" / "operations.png").exists()
