"""Answer many pictures by the quickest way that answers as eager float32 does, found out on the first of them."""

import json
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass
from hashlib import blake2b
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from striate.core.errors import StriateError
from striate.core.files import write_json
from striate.core.progress import say
from striate.data.preprocess import Preprocess
from striate.runtime import remembered
from striate.runtime.inference import evaluating, score_images
from striate.runtime.measure import machine_key
from striate.runtime.plan import Plan
from striate.runtime.ways import EAGER, Forward, Way, prepare, quick, slow

Pictures = NDArray[np.uint8]
Scores = NDArray[np.float32]

# Seconds that eager float32 would still take, below which nothing is gained by another way, by measuring, and by ways
# that take up to a minute to make ready. Folding and fusing takes 0.1 to 0.5 s.
_SHORT, _WORTH_MEASURING, _WORTH_WAITING = 2.0, 20.0, 3600.0
_CHECKED = 64  # pictures
_ROUNDS, _SHARE = 5, 0.03  # at most, and of the time to come that they may take; at least one round
_WORTH_LEAVING_FLOAT32 = 1.15  # DESIGN, decision 15
# Probabilities may differ from those of eager float32 by this much on the pictures that were measured. Winners may
# differ in float32 alone, where its own two best are nearer than that; it rounds by far less. Other pictures may
# differ by more: in bf16 those of 248 digits did by 0.003 at the 90th and 0.010 at the 99th percentile, by 0.04 at
# most, with the same winners (resnet20 on `digits` after 3 epochs, 94 % right).
TOLERANCE = {"float32": 1e-4, "bf16": 0.01, "fp16": 0.01}
_APART = {"float32": 1e-4, "bf16": 0.05, "fp16": 0.05}  # of the greatest score: bf16 keeps 8 bits of each product


@dataclass(frozen=True)
class Measured:
    """What was found out about one way: seconds a picture, and why it is out where it is."""

    way: Way
    seconds: float
    departure: float = 0.0
    problem: str = ""


class Answering:
    """Scores of placed pictures, batch after batch; the first batch decides how the others are answered.

    Nothing is measured where eager float32 would be done within seconds. What was measured is kept in the cache for
    this machine, network and size of pictures, and checked against eager float32 on the first batch every time.

    Args:
        network: in evaluation mode, on the plan's device; left as it is.
        preprocess: how pictures become its input.
        plan: device and memory format.
        temperature: what scores are divided by before the softmax, in comparing probabilities.
        coming: how many pictures are to be answered; None: unknown, and then nothing is measured.
        quiet: do not say which way is taken.
        clock: tells seconds.

    Attributes:
        way: that is taken, once the first batch has been answered.
    """

    def __init__(
        self,
        network: nn.Module,
        preprocess: Preprocess,
        plan: Plan,
        *,
        temperature: float = 1.0,
        coming: int | None = None,
        quiet: bool = False,
        clock: Callable[[], float] = time.perf_counter,
    ) -> None:
        self.network, self.preprocess, self.plan = network, preprocess, plan
        self.temperature, self.quiet, self.clock = temperature, quiet, clock
        self.way: Way | None = None
        self._left = coming
        self._forwards: dict[Way, Forward] = {EAGER: network}

    def __call__(self, images: Pictures) -> Scores:
        """Return scores (N, K) of placed pictures (N, C, H, W)."""
        if self._left is not None:
            self._left -= len(images)
        with evaluating(self.network), torch.inference_mode():
            if self.way is not None:
                return self.score(self.way, images)
            began = self.clock()
            exact = self.score(EAGER, images)
            self._decide(images, exact, (self.clock() - began) / max(len(images), 1))
        return exact

    def score(self, way: Way, images: Pictures) -> Scores:
        """Return scores (N, K) by this `way`, which is made ready where it is not; gradients are off already."""
        if way not in self._forwards:
            self._forwards[way] = prepare(way, self.network, self.plan)
        return score_images(self._forwards[way], self.preprocess, images, self.plan)

    def _decide(self, images: Pictures, exact: Scores, seconds: float) -> None:
        """Settle the way: known from before, measured, or float32 made quicker where measuring does not pay."""
        ways = quick(self.plan, self.network)
        coming = None if self._left is None else self._left * seconds
        if not ways or (coming is not None and coming < _SHORT):
            self.way = EAGER
            return
        long = coming is not None and coming >= _WORTH_WAITING
        key = self._key(long=long)
        way, told = _recall(key), "measured before"
        if way is None and coming is not None and coming >= _WORTH_MEASURING:
            found = self._measure(ways, images, exact, coming, long=long)
            way, told = choose(found), _sentence(found)
            if not any(measured.problem for measured in found):  # other weights may have none
                _remember(key, way, found)
        elif way is None:
            way, told = ways[0], ""
        self._take(dict.fromkeys((way, ways[0])), images[:_CHECKED], exact[:_CHECKED])
        if told and self.way is not None:
            say(f"answering by {self.way.words()}: {told if self.way == way else 'it agrees'}", quiet=self.quiet)

    def _take(self, ways: Iterable[Way], images: Pictures, exact: Scores) -> None:
        """Answer from here on by the first of `ways` that agrees with eager float32 here, or else by that itself."""
        self.way = EAGER
        for way in ways:
            try:
                problem = disagreement(way, self.score(way, images), exact, self.temperature)[1]
            except Exception as error:  # noqa: BLE001  engines raise as they like; eager float32 is at hand
                problem = _first_line(error)
            if not problem:
                self.way = way
                break
            say(f"{way.words()} is out: {problem}", quiet=self.quiet)
        self._forwards = {taken: forward for taken, forward in self._forwards.items() if taken == self.way}

    def _measure(
        self, ways: list[Way], images: Pictures, exact: Scores, coming: float, *, long: bool
    ) -> list[Measured]:
        """Time eager float32 and `ways` in turn, then the slow ones where the work to come is `long`."""
        # On a CPU more pictures are no quicker each; what is compiled for one size of batch is not for another.
        count = _CHECKED if self.plan.device == "cpu" and not long else len(images)
        trial = _Trial(self, images[:count], exact[:count])
        trial.rounds([EAGER, *ways], _SHARE * coming)
        if long:
            best = choose(trial.found())
            trial.rounds([best, *slow(self.plan, best.precision)], _SHARE * coming)
        return trial.found()

    def _key(self, *, long: bool) -> dict[str, Any]:
        shapes = [(name, list(tensor.shape)) for name, tensor in self.network.state_dict().items()]
        digest = blake2b(json.dumps(shapes).encode(), digest_size=8).hexdigest()
        size = [self.preprocess.channels, *self.preprocess.size]
        asked = {"answering": digest, "size": size, "device": self.plan.device, "long": long}
        return {**machine_key(self.plan.device), **asked}


class _Trial:
    """Ways, timed in turn on the same pictures."""

    def __init__(self, answering: Answering, images: Pictures, exact: Scores) -> None:
        self._answering, self._images, self._exact = answering, images, exact
        self._times: dict[Way, list[float]] = {}
        self._checked: dict[Way, tuple[float, str]] = {}

    def rounds(self, ways: list[Way], seconds: float) -> None:
        """Time each of `ways`, again and again for about so many `seconds`, at least once each."""
        for way in ways:
            if way not in self._checked:
                self._begin(way)
        sound = [way for way in ways if not self._checked[way][1]]
        began = self._answering.clock()
        for _ in range(_ROUNDS):
            for way in sound:
                self._times[way].append(self._time(way)[1])
            if self._answering.clock() - began > seconds:
                return

    def seconds(self, way: Way) -> float:
        """Return the least seconds a picture, which others on the machine disturbed least."""
        return min(self._times[way]) / len(self._images)

    def found(self) -> list[Measured]:
        """Return what was found out, eager float32 first."""
        return [
            Measured(way, self.seconds(way) if self._times[way] else 0.0, *checked)
            for way, checked in self._checked.items()
        ]

    def _begin(self, way: Way) -> None:
        self._times[way] = []
        try:
            scores = self._time(way)[0]  # the first call also makes ready what the others find ready
            self._checked[way] = disagreement(way, scores, self._exact, self._answering.temperature)
        except Exception as error:  # noqa: BLE001  compilers and engines raise as they like: then this way is out
            self._checked[way] = 0.0, _first_line(error)

    def _time(self, way: Way) -> tuple[Scores, float]:
        began = self._answering.clock()
        scores = self._answering.score(way, self._images)
        return scores, self._answering.clock() - began


def choose(found: list[Measured]) -> Way:
    """Return the quickest way that agrees; another precision than float32 only for a gain of 15 % or more."""
    sound = [measured for measured in found if not measured.problem]
    exact = [measured for measured in sound if measured.way.precision == "float32"]
    best = min(exact, key=lambda measured: measured.seconds)
    rough = min(sound, key=lambda measured: measured.seconds)
    return rough.way if best.seconds >= _WORTH_LEAVING_FLOAT32 * rough.seconds else best.way


def disagreement(way: Way, scores: Scores, exact: Scores, temperature: float = 1.0) -> tuple[float, str]:
    """Return by how much probabilities depart from those of `exact` at most, and what is wrong with it, or nothing.

    Args:
        way: its precision sets the tolerance.
        scores: (N, K), of the way.
        exact: (N, K), of eager float32.
        temperature: what both are divided by before the softmax.
    """
    tolerance = TOLERANCE[way.precision]
    if len(exact) == 0:
        return 0.0, ""
    if not np.isfinite(scores).all():
        return float("inf"), "its scores are not finite"
    own, true = (torch.from_numpy(values).double().div(temperature).softmax(1).numpy() for values in (scores, exact))
    departure = float(np.abs(own - true).max())
    if not departure <= tolerance:
        return departure, f"its probabilities depart from those of eager float32 by {departure:.2g}"
    # Of many uncertain classes all probabilities are small, and agree whatever the scores do.
    moved = float(np.abs(scores - exact).max()) / max(float(np.abs(exact).max()), 1e-30)
    if moved > _APART[way.precision]:
        return departure, f"its scores depart from those of eager float32 by {moved:.2g} of the greatest"
    winners, rows = own.argmax(1), np.arange(len(true))
    behind = true.max(1) - true[rows, winners]
    # In half precision every answer must be the same: a network that can hardly decide passes all other questions.
    if (behind > (tolerance if way.precision == "float32" else 0.0)).any():
        return departure, "it answers with other classes than eager float32"
    return departure, ""


def _first_line(error: Exception) -> str:
    return str(error).strip().partition("\n")[0] or type(error).__name__


def _sentence(found: list[Measured]) -> str:
    chosen = choose(found)
    eager, taken = (next(m for m in found if m.way == way) for way in (EAGER, chosen))
    told = f"{eager.seconds / taken.seconds:.1f}x eager float32"
    if chosen.precision != "float32":
        told += f", probabilities within {taken.departure:.1g} of it on the first pictures"
    out = [f"{m.way.words()} is out: {m.problem}" for m in found if m.problem]
    return "; ".join([told, *out])


def _recall(key: Mapping[str, Any]) -> Way | None:
    """Return the way that was measured as the quickest before, or None."""
    try:
        return Way(**json.loads(remembered.place(key).read_text(encoding="utf-8"))["way"])
    except (OSError, ValueError, KeyError, TypeError):  # absent, damaged or of another version: measured anew
        return None


def _remember(key: Mapping[str, Any], way: Way, found: list[Measured]) -> None:
    path: Path = remembered.place(key)
    try:
        write_json(path, {"key": key, "way": asdict(way), "found": [asdict(measured) for measured in found]})
    except (OSError, ValueError, StriateError) as error:
        say(f"the cache {path} could not be written ({error}): ways of answering will be measured again")
