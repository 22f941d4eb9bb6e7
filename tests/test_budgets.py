"""The budgets of the design, section 11: what grows is noticed while it is small."""

import json
import subprocess
import sys
import time
from pathlib import Path

import pytest

from striate.cli import GROUPS, VERBS
from striate.cli.application import command

ROOT = Path(__file__).parents[1]
MOST_LINES = 400
MOST_OPTIONS = 12
MOST_SECONDS = 0.25
TRIES = 20  # other work on the machine can only make it slower: the fastest counts
HEAVY = {"torch", "numpy", "pyarrow", "matplotlib", "sklearn", "scipy", "PIL", "rich", "pydantic"}
FILES = sorted(
    path.relative_to(ROOT)
    for folder in ("src", "tests", "benchmarks", "examples")
    for path in (ROOT / folder).rglob("*.py")
)
CALLS = ["", *GROUPS, *VERBS]


@pytest.mark.parametrize("file", FILES, ids=str)
def test_no_file_outgrows_its_budget(file):
    lines = len((ROOT / file).read_text(encoding="utf-8").splitlines())
    assert lines <= MOST_LINES, f"{file} has {lines} lines: split it by what it does"


@pytest.mark.parametrize("verb", VERBS)
def test_no_verb_has_more_than_twelve_options(verb):
    options = [p for p in command(verb).params if p.param_type_name == "option"]
    assert len(options) <= MOST_OPTIONS, "the rest are fields of the recipe, set with --set"


@pytest.mark.parametrize("words", CALLS)
def test_help_answers_at_once(words):
    seconds = [_seconds_of_help(words)]
    while min(seconds) >= MOST_SECONDS and len(seconds) < TRIES:
        time.sleep(0.1)
        seconds.append(_seconds_of_help(words))
    assert min(seconds) < MOST_SECONDS, seconds


@pytest.mark.parametrize("words", CALLS)
def test_help_imports_nothing_heavy(words):
    arguments = json.dumps([*words.split(), "--help"])
    code = f"import sys; from striate.cli import main; main({arguments}); print('|', *sys.modules)"
    printed = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert "Usage: striate" in printed
    loaded = {module.partition(".")[0] for module in printed.rpartition("|")[2].split()}
    assert "typer" in loaded
    assert not loaded & HEAVY


def test_importing_striate_imports_nothing_heavy():
    code = "import sys, striate; print(*sys.modules)"
    printed = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    loaded = {module.partition(".")[0] for module in printed.split()}
    assert "striate" in loaded
    assert not loaded & HEAVY


def _seconds_of_help(words: str) -> float:
    begun = time.perf_counter()
    subprocess.run([sys.executable, "-m", "striate", *words.split(), "--help"], capture_output=True, check=True)
    return time.perf_counter() - begun
