"""Answer many pictures by the quickest way that answers as eager float32 does, found out on the first of them."""

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from hashlib import blake2b
from pathlib import Path
from typing import Any

import numpy as np
from torch import inference_mode, nn

from striate.core.errors import StriateError
from striate.core.files import write_json
from striate.core.progress import say
from striate.data.preprocess import Preprocess
from striate.runtime import onnx_runtime, remembered
from striate.runtime.agreement import TOLERANCE, Check, Doubt, Pictures, Scores, check
from striate.runtime.inference import evaluating, score_images
from striate.runtime.measure import machine_key
from striate.runtime.plan import Plan
from striate.runtime.ways import EAGER, Forward, Way, prepare, quick, slow

# Seconds that eager float32 would still take, below which nothing is gained by another way, and by measuring. Folding
# and fusing takes 0.1 to 0.5 s; measuring as long as eager float32 takes for 50 pictures or so.
_SHORT, _WORTH_MEASURING = 2.0, 10.0
_PAYS = 20  # times what it costs to make a slow way ready must be to come, so that in vain it loses 5 %
_CHECKED = 16  # pictures
_TIMED = 16  # pictures; on a CPU more are no quicker each
_FEW = 64  # pictures to answer again, for which nothing better than eager float32 is made ready
_ROUNDS, _SHARE = 5, 0.03  # at most, and of the time to come that they may take; at least one round
_WORTH_LEAVING_FLOAT32 = 1.15  # DESIGN, decision 15


@dataclass(frozen=True)
class Measured:
    """What was found out about one way.

    Args:
        way: that was tried.
        seconds: a picture, answering again what is in doubt included; 0 where it is out.
        departure: of the probabilities from those of eager float32, at most.
        doubted: share of the pictures that are answered twice.
        problem: why it is out.
    """

    way: Way
    seconds: float
    departure: float = 0.0
    doubted: float = 0.0
    problem: str = ""


class Answering:
    """Scores of placed pictures, batch after batch; the first batch decides how the others are answered.

    Nothing is measured where eager float32 would be done within seconds. What was measured is kept in the cache for
    this machine, network and size of pictures, and checked against eager float32 on the first batch every time.
    Answers in half precision that rounding could have turned are computed again in float32. A way that fails later
    on is left, loudly, for eager float32.

    Args:
        network: in evaluation mode, on the plan's device; left as it is.
        preprocess: how pictures become its input.
        plan: device and memory format.
        temperature: what scores are divided by before the softmax, in comparing probabilities.
        coming: how many pictures are to be answered; None: unknown, and then nothing is measured.
        half: whether half precision may answer. Not where an answer is the mean of several views of a picture: each
            view's may be in no doubt and yet that of their mean turn.
        quiet: do not say which way is taken.
        clock: tells seconds.

    Attributes:
        way: that is taken, once the first batch has been answered.
        again: how many pictures were answered twice.
    """

    def __init__(
        self,
        network: nn.Module,
        preprocess: Preprocess,
        plan: Plan,
        *,
        temperature: float = 1.0,
        coming: int | None = None,
        half: bool = True,
        quiet: bool = False,
        clock: Callable[[], float] = time.perf_counter,
    ) -> None:
        self.network, self.preprocess, self.plan = network, preprocess, plan
        self.temperature, self.half, self.quiet, self.clock = temperature, half, quiet, clock
        self.way: Way | None = None
        self.again = 0
        self._left = coming
        self._forwards: dict[Way, Forward] = {EAGER: network}
        self._checks: dict[Way, Check] = {EAGER: Check()}
        self._exact, self._doubt = EAGER, Doubt(temperature)

    def __call__(self, images: Pictures) -> Scores:
        """Return scores (N, K) of placed pictures (N, C, H, W)."""
        with evaluating(self.network), inference_mode():
            return self._first(images) if self.way is None else self._answer(self.way, images)

    def _first(self, images: Pictures) -> Scores:
        """Answer a few of the first batch in eager float32, settle the way by them, and answer the others by that."""
        began = self.clock()
        exact = self.score(EAGER, images[:_CHECKED])
        if self._left is not None:
            self._left -= len(exact)
        way = self._decide(images, exact, (self.clock() - began) / max(len(exact), 1))
        if way.form == "compiled":  # for batches of this size
            return self._answer(way, images)
        others = images[_CHECKED:]
        return np.concatenate([exact, self._answer(way, others)]) if len(others) else exact

    def score(self, way: Way, images: Pictures) -> Scores:
        """Return scores (N, K) by this `way`, which is made ready where it is not; gradients are off already."""
        if way not in self._forwards:
            self._forwards[way] = prepare(way, self.network, self.plan)
        return score_images(self._forwards[way], self.preprocess, images, self.plan)

    def check(self, way: Way, images: Pictures, exact: Scores) -> Check:
        """Compare this `way` with the scores `exact` of eager float32, once; what fails is out with its error."""
        if way not in self._checks:
            # What is compiled for one size of batch is not for another.
            count = len(images) if way.form == "compiled" else len(exact)
            try:
                scores = self.score(way, images[:count])[: len(exact)]
                self._checks[way] = check(way, scores, exact, self.temperature)
            except Exception as error:  # noqa: BLE001  compilers and engines raise as they like; eager is at hand
                self._checks[way] = Check(problem=_first_line(error))
        return self._checks[way]

    def _answer(self, way: Way, images: Pictures) -> Scores:
        try:
            scores = self.score(way, images)
            if way.precision == "float32":
                return scores
            return self._doubt.settle(scores, lambda rows: self._once_more(images[rows]))
        except Exception as error:
            if way == EAGER:
                raise
            say(f"{way.words()} failed ({_first_line(error)}): answering goes on in eager float32")
            self._settle(EAGER)
        return self.score(EAGER, images)

    def _once_more(self, images: Pictures) -> Scores:
        self.again += len(images)
        return self.score(self._exact, images)

    def _decide(self, images: Pictures, exact: Scores, seconds: float) -> Way:
        """Settle the way: known from before, measured, or float32 made quicker where measuring does not pay."""
        coming = None if self._left is None else self._left * seconds
        ways = [] if coming is not None and coming < _SHORT else self._quick()
        if not ways:
            self.way = EAGER
            return EAGER
        key = self._key()
        found, told = _recall(key), "measured before"
        worth = coming is not None and coming >= _WORTH_MEASURING
        if worth and (not found or self._paying(found)):
            found = self._measure(ways, images, exact, _SHARE * (coming or 0.0))
            told = _sentence(found)
            if not any(measured.problem for measured in found):  # other weights may have none
                _remember(key, found)
        way = choose(found) if found else ways[0]
        taken = self._take(way, ways[0], images, exact)
        if found:
            told = told if taken == way else "it agrees"
            say(f"answering by {taken.words()}: {told}{self._missing(found)}", quiet=self.quiet)
        return taken

    def _quick(self) -> list[Way]:
        return [way for way in quick(self.plan, self.network) if self.half or way.precision == "float32"]

    def _take(self, way: Way, float32: Way, images: Pictures, exact: Scores) -> Way:
        """Answer from here on by `way` if it agrees with eager float32 here, if not by `float32`, or else by that."""
        sound = [way] if self._agrees(way, images, exact) else []
        if not sound or (way.precision != "float32" and not self._doubts_few(way)):
            sound += [float32] if self._agrees(float32, images, exact) else []
        return self._settle(*sound, EAGER)

    def _agrees(self, way: Way, images: Pictures, exact: Scores) -> bool:
        problem = self.check(way, images, exact).problem
        if problem:
            say(f"{way.words()} is out: {problem}", quiet=self.quiet)
        return not problem

    def _doubts_few(self, way: Way) -> bool:
        return self._left is not None and self._left * self._checks[way].doubted < _FEW

    def _settle(self, *sound: Way) -> Way:
        """Answer by the first of these ways from here on, by the first in float32 what is in doubt."""
        self.way, self._exact = sound[0], next(way for way in sound if way.precision == "float32")
        self._doubt = self._checks[self.way].doubt
        kept = {self.way, self._exact, EAGER}
        self._forwards = {way: forward for way, forward in self._forwards.items() if way in kept}
        return self.way

    def _measure(self, ways: list[Way], images: Pictures, exact: Scores, seconds: float) -> list[Measured]:
        """Time eager float32 and `ways` in turn, then the slow ones that pay, each for about so many `seconds`."""
        trial = _Trial(self, images, exact, ways[0])
        trial.rounds([EAGER, *ways], seconds, _TIMED if self.plan.device == "cpu" else len(images))
        paying = self._paying(trial.found())
        if paying:
            trial.rounds([choose(trial.found()), *paying], seconds, len(images))
        return trial.found()

    def _paying(self, found: list[Measured]) -> list[Way]:
        """Return the slow ways that are not among `found` and that are worth trying for what is left."""
        best = choose(found)
        left = (self._left or 0) * next(measured.seconds for measured in found if measured.way == best)
        tried = {measured.way for measured in found}
        return [way for way in slow(self.plan, best.precision) if way not in tried and left >= _PAYS * way.cost]

    def _missing(self, found: list[Measured]) -> str:
        """Return what to install where the work to come would pay for it; half precision is quicker than that."""
        lack = onnx_runtime.lacks()
        if not found or lack is None or self.plan.device != "cpu" or self.way is None or self.way.precision == "bf16":
            return ""
        taken = next((measured.seconds for measured in found if measured.way == self.way), 0.0)
        if (self._left or 0) * taken < _PAYS * Way("onnxruntime").cost:
            return ""
        return "; ONNX Runtime may be quicker by a sixth: pip install 'striate[export]'"

    def _key(self) -> dict[str, Any]:
        shapes = [(name, list(tensor.shape)) for name, tensor in self.network.state_dict().items()]
        digest = blake2b(json.dumps(shapes).encode(), digest_size=8).hexdigest()
        size = [self.preprocess.channels, *self.preprocess.size]
        asked = {"answering": digest, "size": size, "device": self.plan.device, "half": self.half}
        return {**machine_key(self.plan.device), **asked}


class _Trial:
    """Ways, timed in turn on the same pictures."""

    def __init__(self, answering: Answering, images: Pictures, exact: Scores, float32: Way) -> None:
        self._answering, self._images, self._exact, self._float32 = answering, images, exact, float32
        self._times: dict[Way, list[float]] = {}
        self._checks: dict[Way, Check] = {}

    def rounds(self, ways: list[Way], seconds: float, count: int) -> None:
        """Time each of `ways` on `count` pictures, again and again for about so many `seconds`, at least once each."""
        for way in ways:  # the first call also makes ready what the others find ready
            self._checks[way] = self._answering.check(way, self._images, self._exact)
        sound = [way for way in ways if not self._checks[way].problem]
        began = self._answering.clock()
        for _ in range(_ROUNDS):
            for way in sound:
                self._times.setdefault(way, []).append(self._time(way, self._images[:count]))
            if self._answering.clock() - began > seconds:
                return

    def found(self) -> list[Measured]:
        """Return what was found out, eager float32 first."""
        return [
            Measured(way, self._seconds(way, check.doubted), check.departure, check.doubted, check.problem)
            for way, check in self._checks.items()
        ]

    def _seconds(self, way: Way, doubted: float) -> float:
        """Return the least seconds a picture, which others on the machine disturbed least; 0 where there are none."""
        if way not in self._times:
            return 0.0
        again = self._float32 if self._float32 in self._times else EAGER
        return min(self._times[way]) + (doubted * min(self._times[again]) if doubted else 0.0)

    def _time(self, way: Way, images: Pictures) -> float:
        began = self._answering.clock()
        self._answering.score(way, images)
        return (self._answering.clock() - began) / max(len(images), 1)


def choose(found: list[Measured]) -> Way:
    """Return the quickest way that agrees; another precision than float32 only for a gain of 15 % or more."""
    sound = [measured for measured in found if not measured.problem]
    exact = [measured for measured in sound if measured.way.precision == "float32"]
    best = min(exact, key=lambda measured: measured.seconds)
    rough = min(sound, key=lambda measured: measured.seconds)
    return rough.way if best.seconds >= _WORTH_LEAVING_FLOAT32 * rough.seconds else best.way


def _first_line(error: Exception) -> str:
    return str(error).strip().partition("\n")[0] or type(error).__name__


def _sentence(found: list[Measured]) -> str:
    chosen = choose(found)
    eager, taken = (next(m for m in found if m.way == way) for way in (EAGER, chosen))
    told = f"{eager.seconds / taken.seconds:.1f}x eager float32"
    if chosen.precision != "float32":
        told += f", probabilities within {TOLERANCE} of it (on the first pictures {taken.departure:.1g})"
        told += f", {100 * taken.doubted:.0f} % of the answers in doubt and given again in float32"
    out = [f"{m.way.words()} is out: {m.problem}" for m in found if m.problem]
    return "; ".join([told, *out])


def _recall(key: Mapping[str, Any]) -> list[Measured]:
    """Return what was measured before, or nothing."""
    try:
        kept = json.loads(remembered.place(key).read_text(encoding="utf-8"))["found"]
        found = [Measured(**{**one, "way": Way(**one["way"]), "seconds": float(one["seconds"])}) for one in kept]
    except (OSError, ValueError, KeyError, TypeError):  # absent, damaged or of another version: measured anew
        return []
    return found if any(measured.way == EAGER for measured in found) else []


def _remember(key: Mapping[str, Any], found: list[Measured]) -> None:
    path: Path = remembered.place(key)
    try:
        write_json(path, {"key": key, "found": [asdict(measured) for measured in found]})
    except (OSError, ValueError, StriateError) as error:
        say(f"the cache {path} could not be written ({error}): ways of answering will be measured again")
