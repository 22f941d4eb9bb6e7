"""What do the deepest networks need to train? Memory and seconds of one step of 64 pictures of CIFAR's size.

    python benchmarks/deep.py

Each network takes one training step in a process of its own, as a training would take it: plain float32, what each
block computes recomputed in the backward pass (`options.checkpointing=on`), stochastic gradient descent with momentum,
on pictures of noise. Memory is the peak of the process's resident memory (VmHWM), with torch and the weights in it; the
seconds are of the whole step, the first one, in which memory is asked for.
"""

import argparse
import json
import subprocess
import sys
import time
from pathlib import Path

import torch
from pairs import judged, options, tell

from striate import zoo
from striate.core.waiting import spin_briefly
from striate.data.preprocess import Preprocess
from striate.runtime.plan import Plan
from striate.train.recipe import Optimizer, Recipe
from striate.train.rehearsal import random_batch
from striate.train.step import Step

PACKAGES = ("striate", "torch", "numpy")
NETWORKS = ("preresnet1001", "densenet_bc_190_40")
QUICK = ("preresnet164", "densenet_bc_100_12")
MUST = 20.0  # GB
BATCH, CLASSES = 64, 10


def main() -> int:
    """Measure each network, print the table and keep it."""
    parser = options(__doc__)
    parser.add_argument("--measure", help=argparse.SUPPRESS)
    parser.add_argument("--batch", type=int, default=BATCH, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.measure:
        print(json.dumps(one_step(asked.measure, asked.batch, asked.threads)))
        return 0
    batch = 8 if asked.quick else BATCH
    measured = [apart(name, batch, asked.threads) for name in (QUICK if asked.quick else NETWORKS)]
    lines = [
        f"One training step of {batch} pictures of 32x32, checkpointed, in float32.",
        "",
        "| network | parameters | convolutions and linear layers | seconds | memory at its peak |",
        "|---|---:|---:|---:|---:|",
    ]
    lines += [
        f"| {one['name']} | {one['parameters']:,} | {one['layers']:,} | {one['seconds']:.0f} | {one['memory']:.1f} GB |"
        for one in measured
    ]
    verdicts = [
        judged(f"{one['name']}, memory at its peak", one["memory"], MUST, unit=" GB", most=True) for one in measured
    ]
    tell("deep", [*lines, "", *verdicts], asked, PACKAGES)
    return 0


def apart(name: str, batch: int, threads: int) -> dict[str, float]:
    """Measure the network in a fresh process, whose peak is its own."""
    command = [sys.executable, __file__, "--measure", name, "--batch", str(batch), "--threads", str(threads)]
    spin_briefly()  # as the command line does
    said = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
    found: dict[str, float] = json.loads(said)
    return found


def one_step(name: str, batch: int, threads: int) -> dict[str, float | str]:
    """Take one training step and return what it took."""
    preprocess = Preprocess(size=32, mean=(0.5,) * 3, std=(0.25,) * 3)
    recipe = Recipe(
        model=name, epochs=1, batch_size=batch, preprocess=preprocess, optimizer=Optimizer(lr=0.01, l2=1e-4)
    )
    torch.manual_seed(0)
    network = zoo.create(name, num_classes=CLASSES, checkpointing="on")
    plan = Plan(device="cpu", precision="float32", compile="off", threads=threads).resolve(network)
    step = Step(recipe, plan, plan.prepare(network).train(), torch.ones(CLASSES, dtype=torch.int64))
    with plan.applied():
        images, answers = step.inputs(random_batch(recipe, CLASSES))
        began = time.perf_counter()
        outcome = step.step(images, answers, 0, recipe.optimizer.lr)
        seconds = time.perf_counter() - began
    assert outcome.seen == batch
    layers = sum(isinstance(layer, torch.nn.Conv2d | torch.nn.Linear) for layer in network.modules())
    return {
        "name": name,
        "parameters": network.parameter_count(),
        "layers": layers,
        "loss": outcome.loss,
        "seconds": seconds,
        "memory": peak(),
    }


def peak() -> float:
    """Return the peak of this process's resident memory in GB."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 / 1e9 for line in lines if line.startswith("VmHWM"))


if __name__ == "__main__":
    sys.exit(main())
