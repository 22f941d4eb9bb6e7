"""A run killed with SIGKILL at random moments and resumed each time ends with the same bytes."""

import multiprocessing
import random
import runpy
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from multiprocessing.process import BaseProcess
from pathlib import Path

import pytest

SETTINGS = ["checkpoint_seconds=0", "plan.threads=1", "average=0.98", "augment.flip=both", "split.test=0.1"]
TRAIN = ["digits", "--model", "lenet5_modern", "--epochs", "6", "--image-size", "16", "--batch-size", "128"]
TRAIN += [part for setting in SETTINGS for part in ("--set", setting)]
KILLS = 10
# Most of the time of a process that is killed after some steps would go by in these imports.
IMPORTED = ["striate.cli.application", "striate.train.begin", "torch._dynamo"]


@pytest.fixture(scope="module")
def start() -> Callable[..., BaseProcess]:
    """Begin `python -m striate train` in a new process, forked from one that has done nothing but import."""
    forking = multiprocessing.get_context("forkserver")
    forking.set_forkserver_preload(IMPORTED)

    def begin(*arguments: str) -> BaseProcess:
        main = {"mod_name": "striate", "run_name": "__main__", "alter_sys": True}
        process = forking.Process(target=runpy.run_module, kwargs=main)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(sys, "argv", ["striate", "train", *arguments])  # a new process is given these
            process.start()
        return process

    return begin


def _wait_for_work(process: BaseProcess, log: Path, lines: int) -> None:
    """Wait until the process has added so many lines to the log, or has ended by itself."""
    before = len(log.read_bytes().splitlines()) if log.exists() else 0
    while process.is_alive():
        if log.exists() and len(log.read_bytes().splitlines()) >= before + lines:
            return
        time.sleep(0.002)


def test_ten_kills_leave_no_trace_in_the_final_weights(start: Callable[..., BaseProcess], tmp_path: Path) -> None:
    alone = [sys.executable, "-m", "striate", "train", *TRAIN, "--out", str(tmp_path / "whole")]  # with its own seeds
    ended = subprocess.run(alone, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stderr
    run, moments, killed = tmp_path / "killed", random.Random(0), 0
    process = start(*TRAIN, "--out", str(run))
    for _ in range(KILLS):
        _wait_for_work(process, run / "log.jsonl", moments.randint(0, 6))
        time.sleep(moments.uniform(0, 0.05))
        if not (run / "recipe.toml").exists():
            _wait_for_work(process, run / "log.jsonl", 1)
        process.kill()
        process.join()
        killed += process.exitcode == -signal.SIGKILL
        process = start("--resume", str(run))
    process.join()
    assert process.exitcode == 0
    assert killed == KILLS
    for file in ("last/weights.safetensors", "last/average.safetensors", "last/optimizer.safetensors"):
        assert (run / "checkpoints" / file).read_bytes() == (tmp_path / "whole" / "checkpoints" / file).read_bytes()
    assert (run / "metrics.json").read_bytes() == (tmp_path / "whole" / "metrics.json").read_bytes()
    leftovers = [path.name for path in run.rglob(".*")]
    assert not leftovers
