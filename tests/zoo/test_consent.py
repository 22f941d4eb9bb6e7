"""Code that a file names runs only if this user has named it before."""

from pathlib import Path

import pytest

from striate.core.errors import DataError
from striate.zoo import consent

NAME = "somewhere.nets:build"


@pytest.fixture(autouse=True)
def another_process(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(consent, "_NAMED", set())


def refused(name: str = NAME) -> str:
    with pytest.raises(DataError) as caught:
        consent.require(name, {"width": 3}, Path("runs/x"))
    return str(caught.value)


def test_a_function_that_nobody_named_is_refused_with_what_it_would_do() -> None:
    message = refused("os:system")
    assert "runs/x answers by code outside of it: it would call os:system(width=3)" in message
    assert "os.py" in message
    assert message.endswith("STRIATE_TRUST=os:system")
    assert "not found from here. Go to its folder" in refused()


@pytest.mark.parametrize("name", ["resnet20", "timm:resnet18"])
def test_networks_of_the_zoo_and_of_timm_need_no_consent(name: str) -> None:
    consent.require(name, {}, Path("runs/x"))


def test_what_was_named_is_remembered_beyond_the_process(monkeypatch: pytest.MonkeyPatch) -> None:
    consent.give(NAME)
    consent.require(NAME, {}, Path("runs/x"))
    monkeypatch.setattr(consent, "_NAMED", set())
    consent.require(NAME, {}, Path("runs/x"))
    refused("somewhere.nets:other")


def test_the_same_name_in_another_place_is_another_s_code(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for place in ("mine", "stranger"):
        (tmp_path / place).mkdir()
        (tmp_path / place / "model_of_runs.py").write_text("raise SystemExit('ran')")
    monkeypatch.chdir(tmp_path / "mine")
    consent.give("model_of_runs:build")
    monkeypatch.setattr(consent, "_NAMED", set())
    consent.require("model_of_runs:build", {}, Path("runs/x"))
    monkeypatch.chdir(tmp_path / "stranger")
    message = refused("model_of_runs:build")
    assert str(tmp_path / "stranger" / "model_of_runs.py") in message
    assert f"what you trained with lay in {tmp_path / 'mine' / 'model_of_runs.py'}" in message


def test_a_variable_names_what_is_trusted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(consent.TRUST, f"a:b, {NAME}")
    consent.require(NAME, {}, Path("runs/x"))
    refused("a:c")


def test_a_damaged_memory_is_said_and_trusts_nobody(capsys: pytest.CaptureFixture[str]) -> None:
    consent.give(NAME)
    (consent.folder() / "own-networks.json").write_text("[1]")
    consent._NAMED.clear()
    refused()
    assert "is damaged" in capsys.readouterr().err
