"""Progress goes to standard error: lines where there is no terminal, nothing where quiet."""

import pytest

from striate.core import progress
from striate.core.progress import say, track


def test_without_a_terminal_progress_is_lines_with_rate_and_remaining_time(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = iter([0.0, 5.0, 20.0, 20.0, 25.0])
    monkeypatch.setattr(progress.time, "monotonic", lambda: next(clock))
    with track("reading", 100) as tracker:
        tracker.advance(10)
        tracker.advance(30, "loss 0.5")
    told = capsys.readouterr()
    assert told.out == ""
    assert told.err == "reading: 40/100, 2.0/s, 30 s left loss 0.5\n"


def test_quiet_work_says_nothing(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    clock = iter(range(0, 1000, 100))
    monkeypatch.setattr(progress.time, "monotonic", lambda: float(next(clock)))
    with track("reading", 3, quiet=True) as tracker:
        tracker.advance()
    say("a line", quiet=True)
    assert capsys.readouterr() == ("", "")


def test_work_that_goes_on_counts_its_rate_from_where_it_went_on(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = iter([0.0, 20.0, 20.0])
    monkeypatch.setattr(progress.time, "monotonic", lambda: next(clock))
    with track("training", 100, done=80) as tracker:
        tracker.advance(10)
    assert "90/100, 0.5/s, 20 s left" in capsys.readouterr().err
