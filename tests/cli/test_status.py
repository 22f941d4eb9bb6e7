import errno
import subprocess
import sys
from types import SimpleNamespace

import pytest
from typer import Exit

import striate
from striate.cli.status import BUG, FIXABLE, STOPPED, explain, guarded
from striate.core.errors import DataError, Interrupted, StriateError, TrainingStopped


@pytest.mark.parametrize("error", [DataError("no file x"), TrainingStopped("not finite"), StriateError("full")])
def test_what_the_user_can_fix_is_said_in_one_line_without_a_traceback(capsys, error):
    assert explain(error) == FIXABLE
    assert capsys.readouterr().err == f"error: {error}\n"


def test_a_bug_shows_its_traceback_and_what_to_send_us(capsys):
    with pytest.raises(KeyError) as raised:
        {}["missing"]
    assert explain(raised.value) == BUG
    said = capsys.readouterr().err
    assert "Traceback" in said
    assert "KeyError: 'missing'" in said
    assert f"striate {striate.__version__}" in said


def test_ctrl_c_is_130_and_a_stopped_training_says_how_to_go_on(capsys):
    assert explain(KeyboardInterrupt()) == STOPPED
    assert explain(Interrupted("stopped; go on with: striate train --resume runs/x")) == STOPPED
    assert "--resume runs/x" in capsys.readouterr().err


@pytest.mark.parametrize("number", [errno.EACCES, errno.ENOSPC, errno.EROFS])
def test_a_machine_that_refuses_is_not_our_bug(capsys, number):
    assert explain(OSError(number, "Refused", "/some/file")) == FIXABLE
    assert capsys.readouterr().err == "error: /some/file: refused\n"


def test_a_verb_keeps_its_own_answer():
    def no() -> None:
        raise Exit(1)

    with pytest.raises(Exit) as ended:
        guarded(no)()
    assert ended.value.exit_code == 1


def test_an_error_inside_a_verb_reaches_the_shell_as_its_status(call, monkeypatch):
    def fail(*args: object, **options: object) -> None:
        raise DataError("no folder photos")

    monkeypatch.setattr(striate, "train", fail)
    outcome = call("train", "photos")
    assert (outcome.status, outcome.output, outcome.errors) == (2, "", "error: no folder photos\n")


def test_a_bug_inside_a_verb_reaches_the_shell_as_three(call, monkeypatch):
    monkeypatch.setattr(striate, "train", lambda *args, **options: SimpleNamespace())
    outcome = call("train", "photos")
    assert outcome.status == 3
    assert "AttributeError" in outcome.errors


def test_a_reader_that_stops_reading_is_no_error():
    command = f"'{sys.executable}' -m striate models | true; exit ${{PIPESTATUS[0]}}"
    ended = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=False)
    assert (ended.returncode, ended.stderr) == (0, "")


def test_a_full_disk_behind_standard_output_is_said():
    command = f"'{sys.executable}' -m striate models > /dev/full"
    ended = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=False)
    assert ended.returncode == 2
    assert "no space left" in ended.stderr
