"""How many seconds does the summary of each network take, and is the training memory that it tells the memory taken?

    python benchmarks/summary.py

A summary is everything that `striate summary NAME --json` works out, from the name on: the network without weights,
two traces, fields. The memory is checked in processes of their own: what the resident set of one that trains grows by,
at its peak, from before the network is made to the end of the second step, against the sum that the summary tells.
"""

import json
import subprocess
import sys
import time
from statistics import median

from pairs import judged, options, tell

import striate
from striate.cli.summary import as_plain
from striate.zoo import MODELS

PACKAGES = ("striate", "torch")
MUST = 2.0
CHECKED = {"resnet20": 512, "resnet18": 32, "densenet121": 16, "vgg11": 16}  # pictures in a batch

_STEPS = """
import json, resource, sys, torch
from striate import zoo

peak = lambda: resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
name, batch = sys.argv[1], int(sys.argv[2])
row = zoo.MODELS[name]
small = torch.nn.Sequential(torch.nn.Conv2d(3, 8, 3), torch.nn.BatchNorm2d(8))  # so that libraries are loaded
small(torch.rand(2, 3, 9, 9)).sum().backward()
before = peak()
network = zoo.create(name)
optimizer = torch.optim.SGD(network.parameters(), lr=1e-3, momentum=0.9)
images = torch.rand(batch, row.in_channels, *row.image_size)
for _ in range(2):
    optimizer.zero_grad()
    network(images).square().mean().backward()
    optimizer.step()
print(json.dumps(peak() - before))
"""


def main() -> int:
    """Time every network, check the memory of some, print the tables and keep them."""
    asked = options(__doc__).parse_args()
    names = ["resnet20", "vgg16"] if asked.quick else list(MODELS)
    striate.summary("linear")  # imports
    seconds = {name: median(_seconds(name) for _ in range(3)) for name in names}
    checked = {name: _grown(name, batch) for name, batch in CHECKED.items() if name in names}
    tell("summary", in_words(seconds, checked), asked, PACKAGES)
    return 0


def _seconds(name: str) -> float:
    began = time.perf_counter()
    json.dumps(as_plain(striate.summary(name)))
    return time.perf_counter() - began


def _grown(name: str, batch: int) -> int:
    command = [sys.executable, "-c", _STEPS, name, str(batch)]
    return int(json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout))


def in_words(seconds: dict[str, float], checked: dict[str, int]) -> list[str]:
    """Return the tables and the verdict."""
    slowest = max(seconds, key=seconds.__getitem__)
    lines = ["| network | seconds |", "|---|---:|", *(f"| `{name}` | {took:.2f} |" for name, took in seconds.items())]
    lines += ["", judged(f"the slowest, {slowest}", seconds[slowest], MUST, unit=" s", most=True), ""]
    lines += ["| network | batch | told, MiB | taken, MiB | taken / told |", "|---|---:|---:|---:|---:|"]
    for name, grown in checked.items():
        memory = striate.summary(name, batch_size=CHECKED[name]).memory
        assert memory is not None
        told = memory.total
        lines.append(
            f"| `{name}` | {CHECKED[name]} | {told / 2**20:,.0f} | {grown / 2**20:,.0f} | {grown / told:.2f} |"
        )
    return lines


if __name__ == "__main__":
    sys.exit(main())
