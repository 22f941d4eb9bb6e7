"""Every command of README.md is run, in order, in one temporary folder, and prints what README.md says it prints.

Blocks marked `console` and `python` are run. In a console block a line that begins with `$ ` is a command, and what
follows is what it prints: numbers may differ, `...` inside a line stands for any text, and a line `...` for any lines.
`make` commands are left to the machines that start from nothing. A comment right before a block says more:
`<!-- needs: mnist -->` runs it only where the real data lies (here as `data/`), `<!-- status: 1 -->` expects that
exit status.
The folder holds `photos/` with three classes of pictures, and `photo.jpg`.
"""

import os
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

README = Path(__file__).parents[1] / "README.md"
BLOCK = re.compile(r"((?:<!--[^\n]*-->\n+)*)```(console|python)\n(.*?)```", re.DOTALL)


@dataclass(frozen=True)
class Block:
    kind: str
    text: str
    needs: str | None
    status: int

    def commands(self) -> list[tuple[str, list[str]]]:
        """Each command with the lines it prints."""
        found: list[tuple[str, list[str]]] = []
        for line in self.text.splitlines():
            if line.startswith("$ "):
                found.append((line[2:], []))
            elif found and found[-1][0].endswith("\\") and not found[-1][1]:
                found[-1] = (f"{found[-1][0]}\n{line}", [])
            elif found:
                found[-1][1].append(line)
        return found


def blocks_of(text: str) -> list[Block]:
    """The blocks of a page that are to be run."""
    found = []
    for comments, kind, body in BLOCK.findall(text):
        said = dict(re.findall(r"<!--\s*(\w+):\s*(\S+)\s*-->", comments))
        found.append(Block(kind, body, said.get("needs"), int(said.get("status", 0))))
    return found


def agree(expected: list[str], printed: list[str]) -> bool:
    """Whether what was printed is what the page says, numbers aside."""
    parts = [r"(?:[^\n]*\n)*?" if line.strip() == "..." else f"{_pattern(line)}\n" for line in expected]
    lines = "".join(f"{_plain(line)}\n" for line in printed)
    return re.fullmatch("".join(parts), lines) is not None


def _pattern(line: str) -> str:
    return re.escape(_plain(line)).replace(re.escape("..."), r"[^\n]*")


def _plain(line: str) -> str:
    return re.sub(r"\d[\d,]*(\.\d+)?", "0", re.sub(r"\s+", " ", line.strip()))


BLOCKS = blocks_of(README.read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the reader of the README works: three classes of photos, and one more photo."""
    here = tmp_path_factory.mktemp("reader")
    subprocess.run([sys.executable, str(README.with_name("examples") / "make_photos.py")], cwd=here, check=True)
    return here


@pytest.mark.parametrize("block", BLOCKS, ids=lambda block: block.text.splitlines()[0][:60])
def test_readme_says_what_happens(block: Block, folder: Path, request: pytest.FixtureRequest):
    environment = {**os.environ, "HOME": str(folder), "COLUMNS": "120"}
    environment["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), environment["PATH"]])
    if block.needs:
        environment["STRIATE_DATA"] = str(request.getfixturevalue("shared_data"))
        if not (folder / "data").exists():
            (folder / "data").symlink_to(environment["STRIATE_DATA"])
    calls = [(["python", "-c", block.text], [])] if block.kind == "python" else []
    for command, expected in block.commands() if block.kind == "console" else []:
        if not command.startswith("make"):
            calls.append((["bash", "-c", command], expected))
    for call, expected in calls:
        ended = subprocess.run(
            call,
            cwd=folder,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=300,
            check=False,
        )
        assert ended.returncode == block.status, ended.stdout
        assert not expected or agree(expected, ended.stdout.splitlines()), ended.stdout


def test_numbers_may_differ_and_words_may_not():
    assert agree(["right on 98.9 % of 1,200"], ["right on  97 % of 35"])
    assert not agree(["right on 98.9 %"], ["wrong on 98.9 %"])


def test_dots_stand_for_any_text_or_any_lines():
    assert agree(["epoch 1 ...", "...", "report: a"], ["epoch 1 loss 3", "x", "y", "report: a"])
    assert not agree(["...", "report: a"], ["x", "report: b"])
    assert not agree(["report: a"], ["report: a", "and more"])


def test_a_page_is_read_as_its_commands_with_what_they_need():
    page = "<!-- needs: mnist -->\n<!-- status: 1 -->\n```console\n$ one \\\n  --two\nprinted\n$ three\n```\n"
    (block,) = blocks_of(page)
    assert (block.needs, block.status) == ("mnist", 1)
    assert block.commands() == [("one \\\n  --two", ["printed"]), ("three", [])]
