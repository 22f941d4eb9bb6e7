"""Do the default recipes reach the same accuracy under `plan=auto` as under `plan=reference`?

    python benchmarks/equal.py

Three seeds of each, the same seeds on both sides, each trained by the command that is shown. The reference is float32,
contiguous, not compiled. The difference of the mean accuracies has a 95 % interval over pictures and trainings alike
(`striate.evaluate.paired`): 0 must lie in it, and neither end further away than what is stated.
"""

import shlex
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from pairs import options, tell
from real_data import root, write_part_of_cifar10

from striate.compare.entrants import answered_by
from striate.evaluate.paired import compare
from striate.runtime.plan import Plan
from striate.train.run import Run

PACKAGES = ("striate", "torch", "numpy")
SEEDS = (0, 1, 2)
PLANS = ("auto", "reference")


@dataclass(frozen=True)
class Case:
    """One recipe.

    Args:
        arguments: of `striate train`.
        within: points of accuracy that the interval of the difference may reach, what so few pictures can show.
        pictures: of CIFAR-10's 10,000 to train on; None: the whole set that is named.
    """

    arguments: str
    within: float
    pictures: int | None = None


CASES = (
    Case("digits", 3.0),
    Case("mnist --model linear", 0.5),
    Case("mnist --model lenet5_modern --epochs 3", 0.5),
    Case("cifar10 --model resnet20 --epochs 5", 6.0, 2_000),
)


def main() -> int:
    """Train all, print the table and keep it."""
    asked = options(__doc__).parse_args()
    lines = [
        "| recipe | plan chosen | auto | reference | auto less reference, points | interval | |",
        "|---|---|---:|---:|---:|---:|---|",
    ]
    held = []
    for case in CASES[1:2] if asked.quick else CASES:
        line, holds = measured(case)
        print(line, flush=True)
        lines.append(line)
        held.append(holds)
    tell(
        "equal", [*lines, "", f"Seeds {', '.join(map(str, SEEDS))}; {sum(held)} of {len(held)} agree."], asked, PACKAGES
    )
    return 0


def measured(case: Case) -> tuple[str, bool]:
    """Return the line of one recipe, and whether both sides agree."""
    with tempfile.TemporaryDirectory() as place:
        data = (
            root()
            if case.pictures is None
            else write_part_of_cifar10(Path(place) / "cifar", train=case.pictures, test=2_000)
        )
        runs = {
            plan: [trained(case, data, plan, seed, Path(place) / f"{plan}{seed}") for seed in SEEDS] for plan in PLANS
        }
        right = {plan: np.stack([answered_by(run, "test").right for run in runs[plan]]) for plan in PLANS}
        chosen = Plan(**runs["auto"][0].read_json("environment.json")["plan"]).words()
    found = compare(right["auto"], right["reference"], seed=0)
    low, high = 100 * found.low, 100 * found.high
    holds = low <= 0 <= high and max(-low, high) <= case.within
    verdict = f"within {case.within:g}: **{'agree' if holds else 'do NOT agree'}**"
    means = " | ".join(f"{100 * right[plan].mean():.2f} %" for plan in PLANS)
    named = f"`striate train {case.arguments}`" + (f" on {case.pictures:,} pictures" if case.pictures else "")
    return (
        f"| {named} | {chosen} | {means} | {100 * found.difference:+.2f} | {low:+.2f} to {high:+.2f} | {verdict} |",
        holds,
    )


def trained(case: Case, data: Path, plan: str, seed: int, out: Path) -> Run:
    """Train once."""
    where = [] if case.arguments.startswith("digits") else ["--data-root", str(data)]
    settings = [f"plan={plan}", f"seed={seed}"]
    arguments = [*shlex.split(case.arguments), *where, "--out", str(out)]
    arguments += [part for setting in settings for part in ("--set", setting)]
    subprocess.run([sys.executable, "-m", "striate", "train", *arguments], check=True, stdout=subprocess.DEVNULL)
    return Run(out)


if __name__ == "__main__":
    sys.exit(main())
