"""Kill a training in the middle, go on, and compare with a training that was never stopped: the same bytes."""

import subprocess
import sys
import time
from pathlib import Path

import striate

BEST = Path("checkpoints", "best", "weights.safetensors")
STOPPED = Path("runs", "stopped")
TRAIN = [sys.executable, "-m", "striate", "train", "digits", "--model", "lenet5_modern", "--epochs", "4", "--out"]

whole = striate.train("digits", model="lenet5_modern", epochs=4, out="runs/whole", quiet=True)

training = subprocess.Popen([*TRAIN, str(STOPPED)], stderr=subprocess.DEVNULL)  # noqa: S603 our own command
while training.poll() is None and not (STOPPED / "checkpoints" / "last").is_dir():
    time.sleep(0.01)
training.kill()  # SIGKILL: it cannot put anything in order first
training.wait()
print(f"killed before its end: {not (STOPPED / 'metrics.json').is_file()}")

resumed = striate.train(resume=STOPPED, quiet=True)
same = (resumed.path / BEST).read_bytes() == (whole.path / BEST).read_bytes()
print(f"resumed; its weights are those of the run that was never stopped: {same}")
print(f"so are its numbers: {resumed.metrics == whole.metrics}")
