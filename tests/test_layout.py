"""Where things stand: the house rules of the design, section 3, that no linter knows."""

import ast
import os
from pathlib import Path

import pytest

from striate.zoo.catalog import MODELS

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "src" / "striate"
MODULES = sorted(path.relative_to(PACKAGE) for path in PACKAGE.rglob("*.py"))
VAGUE = {"utils", "util", "common", "helpers", "helper", "misc", "base", "tools", "shared"}


def imports(path: Path) -> list[tuple[str, str]]:
    """Each name that a file imports from the package, with the module it comes from."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return [
        (node.module or "", alias.name)
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("striate")
        for alias in node.names
    ]


@pytest.mark.parametrize("module", MODULES, ids=str)
def test_every_module_says_what_it_is(module):
    docstring = ast.get_docstring(ast.parse((PACKAGE / module).read_text(encoding="utf-8")))
    assert docstring, f"{module} has no docstring"


def test_no_folder_is_deeper_than_two():
    deep = {str(path.parent) for path in MODULES if len(path.parent.parts) > 2}
    assert not deep


def test_no_module_has_a_vague_name():
    vague = {str(path) for path in MODULES if VAGUE & {*path.parent.parts, path.stem.strip("_")}}
    assert not vague


@pytest.mark.parametrize("module", MODULES, ids=str)
def test_no_private_name_is_imported_from_another_file(module):
    private = [name for _, name in imports(PACKAGE / module) if name.startswith("_") and not name.startswith("__")]
    assert not private, f"{module} imports {private}"


@pytest.mark.parametrize("family", sorted({row.family for row in MODELS.values()}))
def test_no_family_of_networks_imports_another(family):
    others = {row.module for row in MODELS.values()} - {f"striate.zoo.{family}"}
    taken = {f"{module}.{name}" for module, name in imports(PACKAGE / "zoo" / f"{family}.py")}
    assert not {name for name in taken for other in others if name.startswith(f"{other}.") or name == other}


def test_every_test_file_stands_where_the_file_it_tests_stands():
    rooms = {path.name for path in PACKAGE.iterdir() if path.is_dir()}
    folders = {path.parent.relative_to(ROOT / "tests").parts[0] for path in (ROOT / "tests").glob("*/**/test_*.py")}
    assert folders <= rooms


def test_continuous_integration_can_run_its_script():
    assert os.access(ROOT / ".ci" / "run", os.X_OK)
