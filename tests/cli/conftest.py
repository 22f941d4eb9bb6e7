"""The command line as a test calls it."""

from collections.abc import Callable
from dataclasses import dataclass

import pytest

from striate.cli import main


@dataclass(frozen=True)
class Outcome:
    status: int
    output: str
    errors: str


@pytest.fixture
def call(capsys: pytest.CaptureFixture[str]) -> Callable[..., Outcome]:
    """Carry out one command line in this process."""

    def carry_out(*arguments: str) -> Outcome:
        capsys.readouterr()
        status = main([str(argument) for argument in arguments])
        captured = capsys.readouterr()
        return Outcome(status, captured.out, captured.err)

    return carry_out
