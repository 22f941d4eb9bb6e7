"""How fast is a training step: forward, cross-entropy, backward and the step of SGD with momentum, in images a second?

    python benchmarks/training_step.py [NETWORK@PIXELS ...]

Ours is the step of `striate train`, under the plan that it measures and chooses by itself. The peers are the same
networks of torchvision, once as they come (eager, float32, NCHW) and once tuned by hand (bf16 autocast, channels-last).
Where torchvision has no such network, the peer is the plain implementation in `plain_networks.py`. All three find their
pictures normalized and laid out as they want them, and begin with the same weights; their scores in evaluation mode are
compared first. Each side has its own process, as its users have. A network's row is kept as soon as it is there: where
networks are named, beside the rows of the others; else in place of all that was kept before.
"""

import argparse
import os
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial

import torch
import torch.nn.functional as F
from apart import Apart
from pairs import Ratio, Timings, cores, geometric_mean, in_turns, judged, keep, kept_before, options
from peers import torchvision
from plain_networks import CifarResNet, LeNet5
from torch import Tensor, nn

from striate import zoo
from striate.data.batches import Batch
from striate.data.preprocess import Preprocess
from striate.runtime.measure import choose
from striate.runtime.plan import Plan
from striate.train.recipe import Optimizer, Recipe
from striate.train.rehearsal import key_of, random_batch, trial_of, work_of
from striate.train.step import Step

PACKAGES = ("striate", "torch", "torchvision", "numpy")
MUST, MUST_TUNED, MUST_EACH = 1.7, 1.0, 0.95
STEPS = {32: 4_000, 224: 1_000}  # of the training that the plan is chosen for: ten epochs of 50,000, or of 3,000
CLASSES = 100
OURS, DEFAULT, TUNED = "ours", "torchvision", "torchvision tuned"

_SGD = Optimizer(name="sgd", lr=0.001, momentum=0.9, nesterov=False, l2=5e-4)
_EXPLAINED = (
    "Images a second of a training step (forward, cross-entropy, backward, SGD with momentum), the median of "
    "interleaved rounds; in brackets the quartiles of the ratio. Ours under `plan=auto`, chosen in this run for a "
    "training of 4,000 steps at 32 pixels, 1,000 at 224; torchvision eager in float32 as it comes, and tuned by hand "
    "(bf16 autocast, channels-last). Each in a process of its own; a side's turn "
    "begins with a step that does not count, since in a training steps follow each other; threads that wait spin "
    "briefly before they sleep (striate.core.waiting) in both, since others use this machine too."
)
_HEAD = (
    "| network | pixels | batch | ours | torchvision | ratio | tuned | ratio | our plan | scores apart |",
    "|---|---:|---:|---:|---:|---:|---:|---:|---|---:|",
)
_COUNTS = torch.ones(CLASSES, dtype=torch.int64)
_TURN = 0.4  # seconds that a turn takes at least, in steps of the slowest side
_AGREE = 1e-3  # greatest difference of the scores, as a share of the greatest score: float32, in another order of sums


@dataclass(frozen=True)
class Case:
    """One network to be timed.

    Args:
        model: its name in our zoo.
        pixels: the side of its pictures.
        batch: pictures in a step.
        peer: builds the same network.
        layout: the names that its weights have; None: others than ours, in the same order.
    """

    model: str
    pixels: int
    batch: int
    peer: Callable[[], nn.Module]
    layout: str | None = None

    @property
    def name(self) -> str:
        """What the command line calls it."""
        return f"{self.model}@{self.pixels}"


def of_torchvision(model: str, pixels: int, batch: int, its_name: str | None = None) -> Case:
    """Return the case of a network that torchvision has too, with a small stem for small pictures by hand."""
    name = its_name or model

    def build() -> nn.Module:
        network = torchvision.models.get_model(name, weights=None, num_classes=CLASSES)
        if name.startswith("resnet") and pixels == 32:
            network.conv1 = nn.Conv2d(3, 64, 3, padding=1, bias=False)
            network.maxpool = nn.Identity()
        return network

    return Case(model, pixels, batch, build, f"torchvision:{name}")


CASES = (
    Case("lenet5_modern", 32, 128, lambda: LeNet5(CLASSES)),
    Case("resnet20", 32, 128, lambda: CifarResNet(3, CLASSES)),
    Case("resnet56", 32, 128, lambda: CifarResNet(9, CLASSES)),
    of_torchvision("resnet18", 32, 128),
    of_torchvision("alexnet_owt", 224, 32, "alexnet"),
    of_torchvision("squeezenet1_1", 224, 32),
    of_torchvision("vgg11_bn", 224, 16),
    of_torchvision("resnet18", 224, 32),
    of_torchvision("resnet50", 224, 16),
    of_torchvision("densenet121", 224, 16),
)


@dataclass(frozen=True)
class Result:
    """What was measured of a case.

    Args:
        case: it.
        plan: of ours, in words.
        apart: the greatest difference of the scores, as a share of the greatest.
        timings: of the three sides, a turn of `steps` steps.
        steps: in a turn.
    """

    case: Case
    plan: str
    apart: float
    timings: Timings
    steps: int

    def rate(self, side: str) -> float:
        """Return images a second."""
        return self.case.batch * self.steps / self.timings.middle(side)


def main() -> int:
    """Time the cases that are named, or all; print the table and keep it."""
    parser = options(__doc__)
    parser.add_argument("cases", nargs="*", metavar="NETWORK@PIXELS", help=", ".join(case.name for case in CASES))
    asked = parser.parse_args()
    unknown = set(asked.cases) - {case.name for case in CASES}
    if unknown:
        parser.error(f"no case named {', '.join(sorted(unknown))}")
    torch.set_num_threads(asked.threads)
    rows = _kept(asked) if asked.cases and not asked.quick else {}
    with tempfile.TemporaryDirectory() as cache:
        os.environ["STRIATE_CACHE"] = cache  # no plan that was measured before, on a busy machine perhaps
        for case in CASES:
            if not asked.cases or case.name in asked.cases:
                rows[case.name] = row(measure(case, asked.threads, quick=asked.quick))
                print(rows[case.name], file=sys.stderr, flush=True)
                keep("training_step", in_words(rows), asked, PACKAGES)
    print("\n".join(in_words(rows)))
    return 0


def _kept(asked: argparse.Namespace) -> dict[str, str]:
    """Return the rows of RESULTS.md by the names of their cases."""
    lines = kept_before("training_step", [_EXPLAINED, "", *_HEAD], asked, PACKAGES)
    return {"@".join(_cells(line)[:2]): line for line in lines}


def measure(case: Case, threads: int, *, quick: bool) -> Result:
    """Time the three sides of one case in turns, ours in one process and the peers in another."""
    to_come = 100 if quick else STEPS[case.pixels]
    ours = Apart(make_ours, case.name, threads, to_come)
    whose = {OURS: ours, **{name: Apart(make_peer, case.name, threads, name) for name in (DEFAULT, TUNED)}}
    steps = _steps_a_turn({name: partial(side.run, name) for name, side in whose.items()})
    turns = {name: partial(side.run, name, steps) for name, side in whose.items()}
    seconds = 10 if quick else 30
    timings = in_turns(
        turns, rounds=3 if quick else 15, most_seconds=seconds, before=lambda name: whose[name].run(name)
    )
    plan, apart = ours.told
    for side in whose.values():
        side.close()
    return Result(case, plan, apart, timings, steps)


def make_ours(name: str, threads: int, to_come: int) -> tuple[dict[str, Callable[[], float]], tuple[str, float]]:
    """Return our step, its plan in words, and how far our scores are from the peer's for the same weights."""
    torch.set_num_threads(threads)
    case, peer = _with_peer(name)
    recipe = _recipe(case)
    network = zoo.create(case.model, num_classes=CLASSES, in_channels=3, image_size=case.pixels)
    _copy_weights(peer, network, case.layout)
    batch = random_batch(recipe, CLASSES)
    apart = _apart(network, peer, recipe.preprocess.normalize(torch.from_numpy(batch.images[:4])))
    plan = _plan(recipe, network, batch, threads, to_come)
    return {OURS: _ours(recipe, plan, network, batch)}, (plan.words(), apart)


def make_peer(name: str, threads: int, which: str) -> tuple[dict[str, Callable[[], float]], None]:
    """Return a peer's step, from the same weights and on the same pictures as ours."""
    case, peer = _with_peer(name)
    recipe = _recipe(case)
    batch = random_batch(recipe, CLASSES)
    images, labels = recipe.preprocess.normalize(torch.from_numpy(batch.images)), torch.from_numpy(batch.labels)
    return {which: _peer(peer, images, labels, threads, tuned=which == TUNED)}, None


def _with_peer(name: str) -> tuple[Case, nn.Module]:
    case = next(case for case in CASES if case.name == name)
    torch.manual_seed(0)
    return case, case.peer()


def in_words(rows: Mapping[str, str]) -> list[str]:
    """Return the table, the geometric means and whether they reach what they must, in Markdown.

    Args:
        rows: what `row` made, by the names of the cases.
    """
    lines = [rows[case.name] for case in CASES if case.name in rows]
    by_default, by_tuned = ([float(_cells(line)[place].split("x")[0]) for line in lines] for place in (5, 7))
    return [
        _EXPLAINED,
        "",
        *_HEAD,
        *lines,
        "",
        f"Of {len(CASES)} networks {len(lines)} are measured.",
        "",
        judged("geometric mean against torchvision's defaults", geometric_mean(by_default), MUST),
        judged("geometric mean against torchvision tuned by hand", geometric_mean(by_tuned), MUST_TUNED),
        judged("least against torchvision tuned by hand", min(by_tuned), MUST_EACH),
        judged(
            "scores of the same weights in evaluation mode, float32: greatest difference",
            max(float(_cells(line)[9]) for line in lines),
            _AGREE,
            unit=" of the greatest score",
            most=True,
        ),
    ]


def _cells(line: str) -> list[str]:
    return [cell.strip() for cell in line.strip("|").split("|")]


def row(result: Result) -> str:
    """Return one line of the table."""
    case, timings = result.case, result.timings
    cells = [
        case.model,
        str(case.pixels),
        str(case.batch),
        f"{result.rate(OURS):.1f}",
        f"{result.rate(DEFAULT):.1f}",
        _exactly(timings.ratio(OURS, DEFAULT)),
        f"{result.rate(TUNED):.1f}",
        _exactly(timings.ratio(OURS, TUNED)),
        result.plan,
        f"{result.apart:.0e}",
    ]
    return f"| {' | '.join(cells)} |"


def _exactly(ratio: Ratio) -> str:
    low, high = ratio.spread
    return f"{ratio.middle:.3f}x ({low:.2f} to {high:.2f})"  # what is judged is read from here: not 0.95x for 0.946


def _recipe(case: Case) -> Recipe:
    preprocess = Preprocess(size=case.pixels, mean=(0.5,) * 3, std=(0.25,) * 3)
    return Recipe(model=case.model, epochs=1, batch_size=case.batch, preprocess=preprocess, optimizer=_SGD)


def _copy_weights(peer: nn.Module, network: nn.Module, layout: str | None) -> None:
    if layout is not None:
        zoo.weights.load_state(network, peer.state_dict(), layout=layout)
        return
    for ours, theirs in zip(network.state_dict().values(), peer.state_dict().values(), strict=True):
        ours.copy_(theirs.view_as(ours))


def _apart(network: nn.Module, peer: nn.Module, images: Tensor) -> float:
    with torch.inference_mode():
        ours, theirs = network.eval()(images), peer.eval()(images)
    network.train()
    peer.train()
    return float((ours - theirs).abs().max() / theirs.abs().max())


def _plan(recipe: Recipe, network: nn.Module, batch: Batch, threads: int, steps: int) -> Plan:
    asked = Plan(threads=0 if threads == cores() else threads)
    trial = trial_of(recipe, network, _COUNTS, lambda: batch, steps_per_epoch=steps)
    return choose(asked, network, trial, work=work_of(recipe, network), steps=steps, key=key_of(recipe, network)).plan


def _ours(recipe: Recipe, plan: Plan, network: nn.Module, batch: Batch) -> Callable[[], float]:
    step = Step(recipe, plan, plan.prepare(network), _COUNTS)
    images, answers = step.inputs(batch)
    applied = plan.applied()
    applied.__enter__()  # for as long as the process lasts, as in a training: until `take` is gone, which holds it

    def take(_applied: object = applied) -> float:
        return step.step(images, answers, 0, _SGD.lr).loss

    return take


def _peer(network: nn.Module, images: Tensor, labels: Tensor, threads: int, *, tuned: bool) -> Callable[[], float]:
    if tuned:
        network, images = (thing.to(memory_format=torch.channels_last) for thing in (network, images))
    optimizer = torch.optim.SGD(network.parameters(), lr=_SGD.lr, momentum=0.9, weight_decay=_SGD.l2)

    def take() -> float:
        torch.set_num_threads(threads)
        with torch.autocast("cpu", torch.bfloat16, enabled=tuned):
            loss = F.cross_entropy(network(images), labels)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        return float(loss.detach())

    return take


def _steps_a_turn(sides: dict[str, Callable[[], object]]) -> int:
    slowest = 0.0
    for step in sides.values():
        step()
        began = time.perf_counter()
        step()
        slowest = max(slowest, time.perf_counter() - began)
    return max(1, round(_TURN / slowest))


if __name__ == "__main__":
    sys.exit(main())
