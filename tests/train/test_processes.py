"""Many processes on one machine train as one would: same batches, one writer, and the loss of one costs nothing."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from striate.cli import main

TRAIN = ["-m", "striate", "train", "digits", "--batch-size", "128", "--epochs", "3"]
PLAN = 'plan={precision="float32", memory_format="contiguous", compile="off", threads=1}'
SETTINGS = [PLAN, "checkpoint_seconds=0"]


def _start(out: Path, processes: int, *arguments: str, restarts: int = 0) -> subprocess.Popen[str]:
    torchrun = ["-m", "torch.distributed.run", "--standalone", f"--nproc-per-node={processes}"]
    torchrun += [f"--max-restarts={restarts}"]
    settings = [part for setting in SETTINGS for part in ("--set", setting)]
    command = [sys.executable, *torchrun, *TRAIN, "--out", str(out), *settings, *arguments]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment)


def _finish(process: subprocess.Popen[str]) -> str:
    output, errors = process.communicate(timeout=300)
    assert process.returncode == 0, errors
    return output


def _epochs(run: Path) -> list[dict[str, Any]]:
    lines = map(json.loads, (run / "log.jsonl").read_text().splitlines())
    return [line for line in lines if line["kind"] == "epoch"]


def test_two_processes_see_the_batches_of_one_and_write_one_run(tmp_path: Path) -> None:
    alone = ["train", *TRAIN[3:], "--out", str(tmp_path / "one"), "--model", "mlp_300"]
    assert main([*alone, *(part for setting in SETTINGS for part in ("--set", setting))]) == 0
    output = _finish(_start(tmp_path / "two", 2, "--model", "mlp_300"))
    assert output.count("report:") == 1
    assert sorted(path.name for path in tmp_path.iterdir()) == ["one", "two"]
    for one, two in zip(_epochs(tmp_path / "one"), _epochs(tmp_path / "two"), strict=True):
        for name in ("train_loss", "train_accuracy", "val_loss", "val_accuracy"):
            assert two[name] == pytest.approx(one[name], rel=1e-3)  # sums in another order, over many steps
    one, two = (json.loads((tmp_path / name / "metrics.json").read_text())["test"] for name in ("one", "two"))
    assert two["pictures"] == one["pictures"]
    assert two["loss"]["value"] == pytest.approx(one["loss"]["value"], rel=1e-3)


def test_four_processes_of_which_one_is_killed_end_as_if_none_had_been(tmp_path: Path) -> None:
    network = ("--model", "resnet20", "--image-size", "8")
    whole = _start(tmp_path / "whole", 4, *network)
    _finish(whole)
    process = _start(tmp_path / "broken", 4, *network, restarts=1)
    _kill_one(process, tmp_path / "broken" / "log.jsonl")
    _finish(process)
    assert [path.name for path in sorted(tmp_path.iterdir())] == ["broken", "whole"]
    for file in ("last/weights.safetensors", "last/optimizer.safetensors", "best/weights.safetensors"):
        ours, theirs = (tmp_path / name / "checkpoints" / file for name in ("broken", "whole"))
        assert ours.read_bytes() == theirs.read_bytes()
    assert (tmp_path / "broken" / "metrics.json").read_bytes() == (tmp_path / "whole" / "metrics.json").read_bytes()


def test_batches_too_small_for_the_processes_are_refused(tmp_path: Path) -> None:
    process = _start(tmp_path / "run", 2, "--model", "linear", "--batch-size", "3")
    _, errors = process.communicate(timeout=120)
    assert process.returncode != 0
    assert "batch_size = 3 is too small for 2 processes" in errors
    assert not (tmp_path / "run").exists()


def _kill_one(torchrun: subprocess.Popen[str], log: Path) -> None:
    """Kill the second worker as soon as the run has taken a few steps."""
    while torchrun.poll() is None and not (log.exists() and len(log.read_bytes().splitlines()) >= 8):
        time.sleep(0.02)
    for process in Path("/proc").glob("[0-9]*"):
        try:
            environment = (process / "environ").read_bytes().split(b"\0")
            parent = int((process / "stat").read_text().rsplit(")", 1)[1].split()[1])
        except OSError:
            continue
        if parent == torchrun.pid and b"RANK=1" in environment:
            os.kill(int(process.name), signal.SIGKILL)
            return
    raise AssertionError("no second process to kill")
