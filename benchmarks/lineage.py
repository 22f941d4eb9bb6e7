"""Does every convolutional family learn? One small variant of each on CIFAR-10, by the command that it prints.

    python benchmarks/lineage.py [MODEL ...]

Each is trained for at most a quarter of an hour on all 50,000 training pictures but those that are set aside for
validation, and measured once on the 10,000 test pictures. What is named replaces its own lines of docs/lineage.md.
"""

import argparse
import re
import shlex
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from real_data import write_cifar10
from results import record

from striate import zoo
from striate.inside.arithmetic import multiply_accumulates
from striate.train.run import Run

PAGE = Path(__file__).parents[1] / "docs" / "lineage.md"
MUST = 0.5  # of the test pictures; one in ten by chance
LONGEST = 15 * 60  # seconds of training

# Epochs and what else departs from the recipe that is taken where nothing is said. The published stem is taken, for
# pictures as small as it allows, where the small-picture stem would need more than the quarter of an hour.
_PUBLISHED = "--set options.stem=published"
CHOSEN = {
    "lenet5_modern": "--epochs 12",
    "lecture_conv3": "--epochs 12",
    "alexnet_owt": f"--epochs 2 --image-size 63 {_PUBLISHED}",
    "zfnet": f"--epochs 2 --image-size 47 {_PUBLISHED}",
    "overfeat_fast": f"--epochs 1 --image-size 71 {_PUBLISHED}",
    "nin_cifar10": "--epochs 3 --batch-size 64",
    "vgg11_bn": "--epochs 2",
    "googlenet_bn": f"--epochs 4 {_PUBLISHED}",
    "bn_inception": f"--epochs 3 {_PUBLISHED}",
    "resnet18": f"--epochs 2 {_PUBLISHED}",
    "resnet20": "--epochs 2",
    "densenet121": f"--epochs 3 {_PUBLISHED}",
    "squeezenet1_1": "--epochs 3",
    "enet": "--epochs 2",
    "airbench94": "--epochs 2",
}

_EXPLAINED = (
    "One small variant of every convolutional family (bn_inception for the Inceptions, resnet18 and resnet20 for the "
    "ResNets) on CIFAR-10, seed 0, trained by the command of "
    "its line for a few minutes: to show that each learns, not how good it can become. Parameters and "
    "multiply-accumulates (MACs) as it was built for these pictures, 32 pixels a side where the command names no size; "
    "the accuracy is of the 10,000 test pictures, with "
    "its 95 % interval; minutes are of training on two shared cores. Validation pictures, 10 % of the training "
    "pictures, chose the epoch."
)
_HEAD = (
    "| family | model | parameters | MACs | minutes | test accuracy | 95 % interval | command |",
    "|---|---|--:|--:|--:|--:|---|---|",
)
_TITLE = "# The lineage on CIFAR-10\n\nWritten by `python benchmarks/lineage.py`.\n"


def main() -> int:
    """Train what is named, or all, and keep each result as soon as it is there."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("models", nargs="*", metavar="MODEL", help=f"of {', '.join(CHOSEN)}; by default all")
    parser.add_argument("--set", action="append", default=[], dest="settings", help="a recipe field for all runs")
    asked = parser.parse_args()
    unknown = set(asked.models) - set(CHOSEN)
    if unknown:
        parser.error(f"no model here named {', '.join(sorted(unknown))}")
    with tempfile.TemporaryDirectory() as folder:
        data = write_cifar10(Path(folder) / "data")
        reached = [
            measure(model, data, Path(folder) / "runs" / model, asked.settings) for model in asked.models or CHOSEN
        ]
    return 0 if all(reached) else 1


def measure(model: str, data: Path, out: Path, settings: list[str]) -> bool:
    """Train one, keep its line, and say whether it reached what it must."""
    extra = [part for setting in ("seed=0", *settings) for part in ("--set", setting)]
    command = ["train", "cifar10", "--model", model, *shlex.split(CHOSEN[model]), *extra]
    subprocess.run([sys.executable, "-m", "striate", *command, "--data-root", str(data), "--out", str(out)], check=True)
    run = Run(out)
    metrics, seconds = run.metrics["test"], run.read_json("environment.json")["seconds"]
    line = row(run, metrics, seconds, shlex.join(["striate", *command]))
    keep(model, line)
    print(line, flush=True)
    return bool(metrics["accuracy"]["value"] > MUST and seconds <= LONGEST)


def row(run: Run, metrics: dict[str, Any], seconds: float, command: str) -> str:
    """Return one line of the table."""
    recipe, accuracy = run.recipe, metrics["accuracy"]
    network = zoo.create(
        recipe.model, num_classes=len(run.classes), in_channels=3, image_size=recipe.preprocess.size, **recipe.options
    )
    cells = (
        zoo.MODELS[recipe.model].family,
        f"`{recipe.model}`",
        f"{network.parameter_count():,}",
        f"{multiply_accumulates(network, (3, *recipe.preprocess.size)):,}",
        f"{seconds / 60:.1f}",
        f"{100 * accuracy['value']:.2f} %",
        f"{100 * accuracy['low']:.2f} to {100 * accuracy['high']:.2f}",
        f"`{command}`",
    )
    return f"| {' | '.join(cells)} |"


def keep(model: str, line: str) -> None:
    """Write `line` into the page in place of the model's own from before; the others stay."""
    known = re.findall(r"^\| \w+ \| `(\w+)` .*$", PAGE.read_text(), re.MULTILINE) if PAGE.exists() else []
    lines = {name: next(re.finditer(rf"^\| \w+ \| `{name}` .*$", PAGE.read_text(), re.MULTILINE))[0] for name in known}
    lines[model] = line
    table = [lines[name] for name in CHOSEN if name in lines]
    verdict = f"{sum(map(_reached, table))} of {len(CHOSEN)} above {MUST:.0%} within {LONGEST // 60} minutes."
    record(
        "test accuracy", [_EXPLAINED, "", *_HEAD, *table, "", verdict], packages=("striate", "torch"), path=PAGE,
        title=_TITLE,
    )  # fmt: skip


def _reached(line: str) -> bool:
    minutes, accuracy = (cell.strip() for cell in line.split("|")[5:7])
    return float(accuracy.removesuffix(" %")) > 100 * MUST and float(minutes) <= LONGEST / 60


if __name__ == "__main__":
    sys.exit(main())
