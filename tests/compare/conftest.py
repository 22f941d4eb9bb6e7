"""Small trainings on the digits that the tests of this room share."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from striate.train.begin import Request, begin
from striate.train.run import Run

QUICK = {"split.test": 0.1, "plan.threads": 1, "store": "none", "epochs": 2}


def train(out: Path, model: str = "linear", **fields: Any) -> Run:
    """Train without a report; keyword arguments are recipe fields, with `__` for the dot."""
    settings = {**QUICK, **{field.replace("__", "."): value for field, value in fields.items()}}
    return begin(Request(data="digits", model=model, out=out, settings=settings, quiet=True))


@pytest.fixture(scope="session")
def runs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A linear classifier, and a perceptron of two layers from two seeds; all split alike."""
    folder = tmp_path_factory.mktemp("runs")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("STRIATE_CACHE", str(folder / "cache"))
        made = {
            "linear": train(folder / "linear"),
            "mlp": train(folder / "mlp", "mlp_300", epochs=4),
            "mlp-again": train(folder / "mlp-again", "mlp_300", epochs=4, seed=1),
            "elsewhere": train(folder / "elsewhere", split__salt=1),
        }
    return {name: run.path for name, run in made.items()}


@pytest.fixture(scope="session")
def told() -> Callable[..., dict[str, Any]]:
    """What a comparison says about one recognizer, with its fields changed at will."""

    def tell(name: str, accuracy: float, seconds: float = 1e-3, **changes: Any) -> dict[str, Any]:
        return {
            "name": name,
            "model": name,
            "runs": [f"/runs/{name}"],
            "seeds": [0],
            "epochs": 12,
            "own_epochs": 12,
            "accuracy": {"value": accuracy, "low": accuracy - 0.02, "high": min(1.0, accuracy + 0.02)},
            "accuracies": [accuracy],
            "unanswered": 0,
            "parameters": 61_706,
            "macs": 416_520,
            "memory": 4_000_000,
            "bytes": 250_000,
            "prediction_seconds": seconds,
            "training_seconds": 12.0,
            **changes,
        }

    return tell
