"""Does `striate compare` of six recognizers keep to its budget of time?

    python benchmarks/budget.py

On the digits and on a folder of photographs, classic pipelines and networks together, with a short budget and twice as
much. Each is a process of its own, timed from its start to its end: timing the models, training, measures and the page.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from pairs import judged, options, tell
from real_data import root

PACKAGES = ("striate", "torch", "scikit-learn", "numpy")
MUST = 1.15


@dataclass(frozen=True)
class Case:
    """One comparison.

    Args:
        name: of the pictures.
        data: as `striate compare` takes it.
        models: six.
        seconds: of the budgets.
    """

    name: str
    data: str
    models: tuple[str, ...]
    seconds: tuple[int, ...]


def main() -> int:
    """Run the comparisons, print the table and keep it."""
    asked = options(__doc__).parse_args()
    cases = (
        Case("digits", "digits", ("hog-svm", "pixels-knn", "linear", "mlp", "lenet5", "resnet20"), (45, 90)),
        Case(
            "caltech10, 400 photographs",
            str(root() / "caltech10" / "train"),
            ("color-linear", "hog-svm", "spm-svm", "fisher-svm", "squeezenet1_1", "resnet18"),
            (180, 360),
        ),
    )
    lines = ["| pictures | budget | took | share | recognizers, with their epochs |", "|---|---:|---:|---:|---|"]
    shares = []
    for case in cases[:1] if asked.quick else cases:
        for budget in case.seconds[:1] if asked.quick else case.seconds:
            took, recognizers = compare(case, budget, asked)
            shares.append(took / budget)
            lines.append(f"| {case.name} | {budget} s | {took:.1f} s | {shares[-1]:.2f} | {recognizers} |")
    verdict = judged("the largest share of a budget that was taken", max(shares), MUST, unit="", most=True)
    tell("budget", [*lines, "", verdict], asked, PACKAGES)
    return 0


def compare(case: Case, budget: int, asked: argparse.Namespace) -> tuple[float, str]:
    """Return the seconds that the comparison took, and who was compared after how many epochs."""
    with tempfile.TemporaryDirectory() as place:
        out = Path(place) / "comparison"
        program = [sys.executable, "-m", "striate", "compare", case.data, "--models", ",".join(case.models)]
        began = time.perf_counter()
        arguments = ["--budget", f"{budget}s", "--out", str(out), "--set", f"plan.threads={asked.threads}", "--json"]
        subprocess.run([*program, *arguments], check=True, stdout=subprocess.DEVNULL)
        took = time.perf_counter() - began
        found = json.loads((out / "comparison.json").read_text(encoding="utf-8"))
    told = [f"{one['name']} {one['epochs']}" if one["epochs"] else one["name"] for one in found["recognizers"]]
    return took, ", ".join(told)


if __name__ == "__main__":
    sys.exit(main())
