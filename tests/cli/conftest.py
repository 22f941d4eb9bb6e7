"""The command line as a test calls it."""

from collections.abc import Callable
from dataclasses import dataclass

import pytest

from striate.cli import main
from striate.train.begin import Request, begin


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


@pytest.fixture(scope="session")
def runs(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """Two small trainings on the digits with the same split."""
    folder = tmp_path_factory.mktemp("runs")
    settings = {"epochs": 2, "plan.threads": 1, "store": "none"}
    for model in ("linear", "mlp_300"):
        begin(Request(data="digits", model=model, out=folder / model, settings=settings, quiet=True))
    return [str(folder / "linear"), str(folder / "mlp_300")]
