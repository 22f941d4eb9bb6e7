"""What does it cost to learn what every unit of resnet50's stages answers to, beside letting the pictures through?

    python benchmarks/units.py

The nine pictures that each of the 3,840 units of the four stages answers to most, with all else that a study of units
holds (`striate.units.study`), of made photographs at 224 pixels; against the plain forward pass of the same batches by
the same network in the same plan, with nothing looked at. Both read the same placed pictures from memory. Peak memory
is what the process of the study took at most, torch, pictures and network included.
"""

import resource
import sys
from collections.abc import Callable

import numpy as np
import torch
from apart import Apart, Made
from pairs import in_turns, judged, options, tell

from striate import zoo
from striate.core.seeds import generator
from striate.data.preprocess import Preprocess
from striate.data.store import Store
from striate.data.table import Table, picture_columns
from striate.runtime.inference import batch_size, evaluating
from striate.runtime.plan import Plan
from striate.units.mining import study

PACKAGES = ("striate", "torch", "numpy")
STUDY, PLAIN = "study", "forward pass"
STAGES = tuple(f"stages.{number}" for number in range(4))
CLASSES = 10
MOST_MEMORY, MOST_TIME = 2000.0, 1.5
_PICTURES, _FEW = 1000, 123  # three batches are timed


def main() -> int:
    """Measure, print the table and keep it."""
    asked = options(__doc__).parse_args()
    count = _FEW if asked.quick else _PICTURES
    torch.set_num_threads(asked.threads)
    alone = Apart(once, count, asked.threads)
    megabytes = alone.told
    alone.close()
    pictures = min(count, _FEW)
    timings = in_turns(sides(pictures), rounds=3)
    slower = 1 / timings.ratio(STUDY, PLAIN).middle
    row = [f"{pictures}", *(f"{timings.middle(side):.1f} s" for side in (PLAIN, STUDY)), f"{slower:.2f}"]
    what = f"top-9 of all units of all stages over {count:,} pictures"
    lines = [
        f"| pictures | {PLAIN} | {STUDY} | times as long | peak memory, {count:,} pictures |",
        "|---:|---:|---:|---:|---:|",
        f"| {' | '.join(row)} | {megabytes:.0f} MB |",
        "",
        judged(f"{what}, memory", megabytes, MOST_MEMORY, unit=" MB", most=True),
        judged("time against the plain forward pass", slower, MOST_TIME, most=True),
    ]
    tell("units", lines, asked, PACKAGES)
    return 0


def once(count: int, threads: int) -> Made:
    """Make the study of so many pictures; tells the most memory that this process took, in megabytes."""
    torch.set_num_threads(threads)
    network, store, plan = subject(count, threads)
    study(network, store, plan=plan, layers=STAGES)
    return {}, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e6


def sides(count: int) -> dict[str, Callable[[], object]]:
    """Return both sides, to be called."""
    threads = torch.get_num_threads()
    network, store, plan = subject(count, threads)
    step = batch_size(store.preprocess, plan)

    def forward() -> None:
        with plan.applied(), plan.exact(), evaluating(network), torch.inference_mode():
            for start in range(0, count, step):
                images, _ = store.read(np.arange(start, min(start + step, count)))
                network(plan.to_device(store.preprocess.normalize(torch.from_numpy(images))))

    return {STUDY: lambda: study(network, store, plan=plan, layers=STAGES), PLAIN: forward}


def subject(count: int, threads: int) -> tuple[torch.nn.Module, Store, Plan]:
    """Return the network, the pictures in memory, and the plan."""
    torch.manual_seed(0)
    network = zoo.create("resnet50", in_channels=3, image_size=224, num_classes=CLASSES)
    plan = Plan(device="cpu", threads=threads).resolve(network)
    pixels = generator("units", count).integers(0, 256, (count, 224, 224, 3), np.uint8)
    table = Table(picture_columns(np.arange(count) % CLASSES), tuple("abcdefghij"), "drawn", "drawn", pixels=pixels)
    means = (0.5, 0.5, 0.5)
    store = Store(table, Preprocess(size=(224, 224), mean=means, std=means), memory=0)
    return plan.prepare(network), store, plan


if __name__ == "__main__":
    sys.exit(main())
