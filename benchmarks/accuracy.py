"""What the recipes we ship reach: one command, one seed, one number with its interval, for each claim.

    python benchmarks/accuracy.py --data-root DATA [CLAIM ...]

DATA holds the folders mnist, fashion-mnist and cifar10 (the binary edition). Each claim is trained by the very
command that it prints; its result replaces its own section of RESULTS.md. Test pictures are measured once a run.
"""

import argparse
import shlex
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from statistics import mean
from typing import Any

from results import record

import striate


@dataclass(frozen=True)
class Claim:
    """What `striate train` must reach.

    Args:
        least: percent of the test pictures, as the mean over `variants`.
        arguments: of `striate train`.
        variants: settings that are varied, one run each.
    """

    least: float
    arguments: str
    variants: tuple[str, ...] = ("seed=0",)


CLAIMS = {
    "digits": Claim(98.5, "digits", tuple(f"split.salt={salt}" for salt in range(5))),
    "mnist-linear": Claim(92.0, "mnist --model linear"),
    "mnist-mlp": Claim(98.4, "mnist --model mlp"),
    "mnist-lenet5": Claim(98.9, "mnist --model lenet5"),
    "mnist-lenet5-modern": Claim(99.1, "mnist --model lenet5_modern"),
    "fashion-mnist-resnet20": Claim(92.5, "fashion_mnist --model resnet20"),
    "cifar10-resnet20": Claim(87.0, "cifar10 --model resnet20 --epochs 12", ("seed=0", "seed=1", "seed=2")),
}


def run(claim: Claim, variant: str, data_root: Path | None, extra: list[str]) -> tuple[str, dict[str, Any], float]:
    """Train once; return the command, the metrics of the test pictures and the seconds of training."""
    with tempfile.TemporaryDirectory() as folder:
        settings = [part for setting in (variant, *extra) for part in ("--set", setting)]
        root = ["--data-root", str(data_root)] if data_root and not claim.arguments.startswith("digits") else []
        arguments = [*shlex.split(claim.arguments), *settings]
        out = Path(folder) / "run"
        subprocess.run([sys.executable, "-m", "striate", "train", *arguments, *root, "--out", str(out)], check=True)
        from striate.train.run import Run

        trained = Run(out)
        seconds = trained.read_json("environment.json")["seconds"]
        return shlex.join(["striate", "train", *arguments]), trained.metrics["test"], seconds


def measure(name: str, data_root: Path | None, extra: list[str]) -> bool:
    """Carry out one claim, record it, and say whether it holds."""
    claim = CLAIMS[name]
    lines = ["| command | test accuracy | 95 % interval | pictures | seconds of training |", "|---|---|---|---|---|"]
    values = []
    for variant in claim.variants:
        command, metrics, seconds = run(claim, variant, data_root, extra)
        accuracy = metrics["accuracy"]
        values.append(100 * accuracy["value"])
        interval = f"{100 * accuracy['low']:.2f} to {100 * accuracy['high']:.2f}"
        lines.append(f"| `{command}` | {values[-1]:.2f} % | {interval} | {metrics['pictures']} | {seconds:.0f} |")
    holds = mean(values) >= claim.least
    lines += [
        "",
        f"Mean {mean(values):.2f} %; claimed at least {claim.least} %: {'holds' if holds else 'does NOT hold'}.",
    ]
    record(f"accuracy: {name}", lines, packages=("striate", "torch", "numpy"))
    print("\n".join(lines))
    return holds


def main() -> int:
    """Measure the claims that are named, or all."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("claims", nargs="*", metavar="CLAIM", help=f"of {', '.join(CLAIMS)}; by default all")
    parser.add_argument("--data-root", type=Path, help="the folder of the data sets")
    parser.add_argument("--set", action="append", default=[], dest="settings", help="a recipe field for all runs")
    asked = parser.parse_args()
    unknown = set(asked.claims) - set(CLAIMS)
    if unknown:
        parser.error(f"no claim named {', '.join(sorted(unknown))}")
    held = [measure(name, asked.data_root, asked.settings) for name in asked.claims or CLAIMS]
    print(f"striate {striate.__version__}: {sum(held)} of {len(held)} claims hold")
    return 0 if all(held) else 1


if __name__ == "__main__":
    sys.exit(main())
