"""Threads of the arithmetic wait as the command line has it, or as the user has it."""

import os
import subprocess
import sys

import pytest

from striate.core.waiting import spin_briefly


def waiting() -> tuple[str | None, str | None]:
    """Return what the environment says."""
    return os.environ.get("OMP_WAIT_POLICY"), os.environ.get("GOMP_SPINCOUNT")


@pytest.fixture(autouse=True)
def as_it_comes(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("OMP_WAIT_POLICY", "GOMP_SPINCOUNT"):
        monkeypatch.setenv(name, "")  # so that it is put back
        monkeypatch.delenv(name)


def test_threads_spin_briefly_where_nothing_else_is_said() -> None:
    spin_briefly()
    assert waiting() == ("PASSIVE", "10000")


def test_what_the_user_says_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GOMP_SPINCOUNT", "5")
    spin_briefly()
    assert waiting() == ("PASSIVE", "5")
    monkeypatch.setenv("OMP_WAIT_POLICY", "ACTIVE")
    monkeypatch.delenv("GOMP_SPINCOUNT")
    spin_briefly()
    assert waiting() == ("ACTIVE", None)


def test_the_command_line_says_it_before_torch_is_there() -> None:
    program = "import striate.core.waiting, sys; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0
    program = "import os, striate.cli; striate.cli.main(['models', 'linear']); print(os.environ['GOMP_SPINCOUNT'])"
    done = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True)
    assert done.stdout.splitlines()[-1] == "10000"
