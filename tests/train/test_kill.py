"""A run killed with SIGKILL at random moments and resumed each time ends with the same bytes."""

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

COMMAND = [sys.executable, "-m", "striate", "train"]
SETTINGS = ["checkpoint_seconds=0", "plan.threads=1", "average=0.98", "augment.flip=both", "split.test=0.1"]
TRAIN = ["digits", "--model", "lenet5_modern", "--epochs", "6", "--image-size", "16", "--batch-size", "128"]
KILLS = 10


def _start(*arguments: str) -> subprocess.Popen[bytes]:
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    return subprocess.Popen([*COMMAND, *arguments], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, env=environment)


def _begin(out: Path) -> subprocess.Popen[bytes]:
    return _start(*TRAIN, "--out", str(out), *(part for setting in SETTINGS for part in ("--set", setting)))


def _finish(process: subprocess.Popen[bytes]) -> None:
    _, errors = process.communicate()
    assert process.returncode == 0, errors.decode()


def _wait_for_work(process: subprocess.Popen[bytes], log: Path, lines: int) -> None:
    """Wait until the process has added so many lines to the log, or has ended by itself."""
    before = len(log.read_bytes().splitlines()) if log.exists() else 0
    while process.poll() is None:
        if log.exists() and len(log.read_bytes().splitlines()) >= before + lines:
            return
        time.sleep(0.002)


def test_ten_kills_leave_no_trace_in_the_final_weights(tmp_path: Path) -> None:
    _finish(_begin(tmp_path / "whole"))
    run, moments, killed = tmp_path / "killed", random.Random(0), 0
    process = _begin(run)
    for _ in range(KILLS):
        _wait_for_work(process, run / "log.jsonl", moments.randint(0, 6))
        time.sleep(moments.uniform(0, 0.05))
        if not (run / "recipe.toml").exists():
            _wait_for_work(process, run / "log.jsonl", 1)
        process.send_signal(signal.SIGKILL)
        process.communicate()
        killed += process.returncode == -signal.SIGKILL
        process = _start("--resume", str(run))
    _finish(process)
    assert killed == KILLS
    for file in ("last/weights.safetensors", "last/average.safetensors", "last/optimizer.safetensors"):
        assert (run / "checkpoints" / file).read_bytes() == (tmp_path / "whole" / "checkpoints" / file).read_bytes()
    assert (run / "metrics.json").read_bytes() == (tmp_path / "whole" / "metrics.json").read_bytes()
    leftovers = [path.name for path in run.rglob(".*")]
    assert not leftovers
