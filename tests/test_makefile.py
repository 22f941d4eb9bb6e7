"""Set-up by `make`, with a Python that only writes down what it is asked to do."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
INSTALL = "-m pip install --quiet --editable .[dev]"
DEMO = "-m striate train digits --out runs/demo"
FAKE = f"""#!/bin/bash
case "$1 $2" in
  "-c "*) exec '{sys.executable}' "$@" ;;
  "-m venv") rm -rf "${{@: -1}}"; mkdir -p "${{@: -1}}/bin"; cp "$0" "${{@: -1}}/bin/python" ;;
  "-m pip") [ "$3" != --version ] || exit 0; [ ! -e fail ] || {{ echo "$@" >> log; exit 1; }} ;;
esac
echo "$@" >> log
"""


@pytest.fixture
def checkout(tmp_path):
    """A checkout with nothing set up, and the fake Python beside it."""
    folder = tmp_path / "a checkout"
    folder.mkdir()
    for name in ("Makefile", "pyproject.toml"):
        shutil.copy(ROOT / name, folder)
    (tmp_path / "python3").write_text(FAKE)
    (tmp_path / "python3").chmod(0o755)
    return folder


def run_make(folder, target):
    outer = {name: value for name, value in os.environ.items() if not name.startswith("MAKE")}
    environment = {**outer, "PATH": f"{folder.parent}:{outer['PATH']}"}
    return subprocess.run(["make", target], cwd=folder, env=environment, capture_output=True, text=True, check=False)


def made(folder, target, *, status=0):
    """What Python was asked to do."""
    (folder / "log").unlink(missing_ok=True)
    ended = run_make(folder, target)
    assert ended.returncode == status, ended.stdout + ended.stderr
    return (folder / "log").read_text().splitlines()


def test_a_fresh_machine_is_set_up_once(checkout):
    assert made(checkout, "demo") == ["-m venv --clear .venv", INSTALL, DEMO]
    assert made(checkout, "demo") == [DEMO]


def test_changed_dependencies_are_installed(checkout):
    made(checkout, "demo")
    os.utime(checkout / "pyproject.toml", (2**32, 2**32))
    assert made(checkout, "demo") == [INSTALL, DEMO]


def test_an_install_that_failed_is_tried_again(checkout):
    (checkout / "fail").touch()
    assert DEMO not in made(checkout, "demo", status=2)
    (checkout / "fail").unlink()
    assert made(checkout, "demo")[-2:] == [INSTALL, DEMO]


def test_a_checkout_that_was_moved_is_set_up_anew(checkout):
    made(checkout, "demo")
    moved = checkout.rename(checkout.parent / "moved")
    assert made(moved, "demo") == ["-m venv --clear .venv", INSTALL, DEMO]


def test_an_environment_whose_python_has_gone_is_made_anew(checkout):
    made(checkout, "demo")
    (checkout / ".venv" / "bin" / "python").unlink()
    assert made(checkout, "demo") == ["-m venv --clear .venv", INSTALL, DEMO]


def test_the_tests_run_after_the_checks(checkout):
    made(checkout, "demo")
    (checkout / ".venv" / "bin" / "lint-imports").write_text("#!/bin/bash\necho lint >> log\n")
    (checkout / ".venv" / "bin" / "lint-imports").chmod(0o755)
    checks = ["-m ruff format --check .", "-m ruff check .", "-m mypy --strict", "lint"]
    assert made(checkout, "test") == [*checks, "-m pytest"]


def test_a_python_that_is_too_old_is_refused_with_the_remedy(checkout):
    (checkout.parent / "python3").write_text("#!/bin/bash\nexit 1\n")
    for version in (11, 12, 13):
        shutil.copy(checkout.parent / "python3", checkout.parent / f"python3.{version}")
    ended = run_make(checkout, "demo")
    assert ended.returncode == 2
    assert "make PYTHON=" in ended.stderr
