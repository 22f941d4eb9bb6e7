"""Which of many processes this one is comes from torchrun's environment, and from nothing else."""

import os

import pytest

from striate.core import ranks

NAMES = ("RANK", "WORLD_SIZE", "LOCAL_RANK", "LOCAL_WORLD_SIZE")


@pytest.fixture(autouse=True)
def alone(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in NAMES:
        monkeypatch.delenv(name, raising=False)


def test_where_nothing_is_said_a_process_is_alone() -> None:
    assert (ranks.rank(), ranks.world(), ranks.place_on_this_host(), ranks.on_this_host()) == (0, 1, 0, 1)


def test_what_torchrun_says_is_told_apart_by_host(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in zip(NAMES, ("5", "8", "1", "4"), strict=True):
        monkeypatch.setenv(name, value)
    assert (ranks.rank(), ranks.world(), ranks.place_on_this_host(), ranks.on_this_host()) == (5, 8, 1, 4)


def test_the_processes_of_a_host_share_its_cores_and_each_has_one_at_least(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(6)), raising=False)
    assert ranks.cores() == 6
    monkeypatch.setenv("LOCAL_WORLD_SIZE", "4")
    assert ranks.cores() == 1
    monkeypatch.setenv("LOCAL_WORLD_SIZE", "20")
    assert ranks.cores() == 1
