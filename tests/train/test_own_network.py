"""A network of the user's own, from training to prediction, and what becomes of it in other hands."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

import striate
from striate.core.errors import DataError
from striate.core.files import write_json
from striate.layers.foreign import Foreign
from striate.recognize.recognizer import read_weights
from striate.report.of_run import report
from striate.train.begin import Request, begin, resume
from striate.train.run import Run
from striate.zoo import consent

NET = """
class Net(nn.Module):
    def __init__(self, num_classes, in_channels, width=8):
        super().__init__()
        self.conv1 = nn.Conv2d(in_channels, width, 3, padding=1)
        self.conv2 = nn.Conv2d(width, 2 * width, 3, 2, 1)
        self.fc = nn.Linear(2 * width, num_classes)

    def forward(self, x):
        return self.fc(torch.relu(self.conv2(torch.relu(self.conv1(x)))).amax((2, 3)))
"""
FAST = {"epochs": 1, "plan": "reference", "options.width": 6, "split.test": 0.1}
IMAGES = torch.randint(0, 256, (3, 1, 8, 8), dtype=torch.uint8)


@pytest.fixture
def run(own_module: Callable[[str], str]) -> Run:
    return begin(Request("digits", f"{own_module(NET)}:Net", settings=FAST, quiet=True))


def elsewhere(monkeypatch: pytest.MonkeyPatch) -> None:
    """As in another process of another user."""
    monkeypatch.setattr(consent, "_NAMED", set())
    (consent.folder() / "own-networks.json").unlink()


def test_it_trains_is_measured_reported_loaded_and_repeated(run: Run, tmp_path: Path) -> None:
    assert run.path.name == f"digits-{run.recipe.model.replace(':', '-')}"
    assert run.metrics["test"]["pictures"] > 0
    assert report(run, quiet=True).is_file()
    recognizer = striate.load(run.path)
    assert isinstance(recognizer.network, Foreign)
    assert set(load_file(run.path / "checkpoints/best/weights.safetensors")) == {
        f"{layer}.{part}" for layer in ("conv1", "conv2", "fc") for part in ("weight", "bias")
    }
    assert run.recipe.preprocess.size == (8, 8)
    origin = run.read_json("environment.json")["network"]
    assert Path(origin["file"]).is_file()
    assert origin["name"] == run.recipe.model
    again = begin(Request(base=run.path, out=tmp_path / "again", quiet=True))
    weights = [(one.path / "checkpoints/last/weights.safetensors").read_bytes() for one in (run, again)]
    assert weights[0] == weights[1]


def test_a_run_that_goes_on_with_other_code_says_so(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    (run.path / "metrics.json").unlink()
    resume(run.path)
    assert "has changed since" not in capsys.readouterr().err
    (run.path / "metrics.json").unlink()
    environment = run.read_json("environment.json")
    environment["network"]["hash"] = "00"
    write_json(run.path / "environment.json", environment)
    resume(run.path)
    assert f"warn: the code of {run.recipe.model} has changed since {run.path} began" in capsys.readouterr().err


def test_a_run_whose_module_was_edited_names_what_differs_and_where(run: Run) -> None:
    network = striate.load(run.path).network
    network.body.fc = torch.nn.Linear(3, 10)
    file = re.escape(run.read_json("environment.json")["network"]["file"])
    message = rf"{re.escape(str(run.path))}.* does not fit .*: 1 of another shape: fc.weight is .* there, 10x3 here\. "
    with pytest.raises(DataError, match=rf"{message}{run.recipe.model} \({file}\) has changed since it was trained"):
        read_weights(run.path / "checkpoints/best/weights.safetensors", network)


def test_a_stranger_s_run_is_read_only_by_those_who_named_its_code(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    scores = striate.load(run.path).scores(IMAGES)
    elsewhere(monkeypatch)
    for read in (
        lambda: striate.load(run.path),
        lambda: striate.evaluate(run.path, quiet=True),
        lambda: begin(Request(base=run.path, quiet=True)),
    ):
        with pytest.raises(DataError, match=rf"it would call {run.recipe.model}\(width=6\), found in .*STRIATE_TRUST"):
            read()
    (run.path / "metrics.json").unlink()
    with pytest.raises(DataError, match="STRIATE_TRUST"):
        resume(run.path, quiet=True)
    monkeypatch.setenv(consent.TRUST, run.recipe.model)
    assert (striate.load(run.path).scores(IMAGES) == scores).all()
    assert resume(run.path, quiet=True).finished
