"""Time several ways to do one thing in turns: A B C, C B A, A B C, ...

What else the machine does then hits all sides alike, and each round gives one ratio that it has fallen out of. A figure
is the median over the rounds, with the quartiles beside it.
"""

import argparse
import math
import os
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import median, quantiles

from results import kept_rows, record

LEAST_ROUNDS = 3


@dataclass(frozen=True)
class Ratio:
    """How many times faster one side is than another, round by round.

    Args:
        rounds: one quotient of seconds a round.
    """

    rounds: tuple[float, ...]

    @property
    def middle(self) -> float:
        """The median over the rounds."""
        return median(self.rounds)

    @property
    def spread(self) -> tuple[float, float]:
        """The lower and upper quartile; with fewer than four rounds, the least and the greatest."""
        if len(self.rounds) < 4:
            return min(self.rounds), max(self.rounds)
        low, _, high = quantiles(self.rounds, n=4, method="inclusive")
        return low, high

    def __str__(self) -> str:
        return f"{self.middle:.2f}x ({self.spread[0]:.2f} to {self.spread[1]:.2f})"


@dataclass(frozen=True)
class Timings:
    """What `in_turns` measured.

    Args:
        seconds: of each side, one a round; the rounds of all sides correspond.
    """

    seconds: Mapping[str, Sequence[float]]

    @property
    def rounds(self) -> int:
        """How often every side had its turn."""
        return min(map(len, self.seconds.values()))

    def middle(self, side: str) -> float:
        """Return the median of a side's seconds."""
        return median(self.seconds[side])

    def ratio(self, of: str, over: str) -> Ratio:
        """Return how many times faster `of` is than `over`."""
        pairs = zip(self.seconds[over], self.seconds[of], strict=True)
        return Ratio(tuple(slow / fast for slow, fast in pairs))


def in_turns(
    sides: Mapping[str, Callable[[], object]],
    *,
    rounds: int,
    warm_up: int = 1,
    most_seconds: float = math.inf,
    before: Callable[[str], object] = lambda _: None,
) -> Timings:
    """Time every side once a round, in an order that turns round from one round to the next.

    Args:
        sides: what to time, by name.
        rounds: how often, at most.
        warm_up: rounds before these that do not count.
        most_seconds: begin no round after so long, once there are `LEAST_ROUNDS`; the warm-up is not counted.
        before: is called with a side's name before its clock starts, as to find its caches as they are in a long run.
    """
    for _ in range(warm_up):
        for side in sides.values():
            side()
    seconds: dict[str, list[float]] = {name: [] for name in sides}
    began = time.perf_counter()
    for number in range(rounds):
        if number >= LEAST_ROUNDS and time.perf_counter() - began > most_seconds:
            break
        for name in list(sides)[:: -1 if number % 2 else 1]:
            before(name)
            seconds[name].append(seconds_of(sides[name]))
    return Timings(seconds)


def seconds_of(work: Callable[[], object]) -> float:
    """Return how long `work` takes."""
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def geometric_mean(values: Iterable[float]) -> float:
    """Return the mean of factors: as much above it as below, on a logarithmic scale."""
    logarithms = [math.log(value) for value in values]
    return math.exp(sum(logarithms) / len(logarithms))


def judged(what: str, value: float, limit: float, *, unit: str = "x", most: bool = False) -> str:
    """Return one line that says whether `value` keeps to its limit.

    Args:
        what: is measured.
        value: the figure.
        limit: the least it must be, or with `most` the most it may be.
        unit: stands behind both numbers.
        most: whether small is good.
    """
    reached = value <= limit if most else value >= limit
    must = "may be at most" if most else "must be at least"
    verdict = "reached" if reached else "NOT reached"
    return f"- {what}: {value:.3g}{unit}, {must} {limit:.3g}{unit}: **{verdict}**"


def cores() -> int:
    """Return how many cores this process may use."""
    return len(os.sched_getaffinity(0))


def options(description: str | None) -> argparse.ArgumentParser:
    """Return a parser with what every benchmark takes."""
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="a short try, to see that it runs; nothing is kept")
    parser.add_argument("--threads", type=int, default=cores(), help="of the arithmetic, on every side; default: cores")
    return parser


def tell(section: str, lines: Sequence[str], asked: argparse.Namespace, packages: Sequence[str]) -> None:
    """Print what was measured, and keep it in RESULTS.md unless it was a short try.

    Args:
        section: its heading; the file's name, and behind a colon what part of it.
        lines: Markdown.
        asked: what `options` parsed.
        packages: whose versions belong to the result.
    """
    print("\n".join(lines), flush=True)
    keep(section, lines, asked, packages)


def keep(section: str, lines: Sequence[str], asked: argparse.Namespace, packages: Sequence[str]) -> None:
    """Keep what was measured in RESULTS.md unless it was a short try; the arguments are those of `tell`."""
    if not asked.quick:
        record(section, [*_command(section, asked), *lines], packages=packages)


def kept_before(section: str, above: Sequence[str], asked: argparse.Namespace, packages: Sequence[str]) -> list[str]:
    """Return the rows of the table that are kept already, where `above` and all that `tell` adds to it is the same."""
    return kept_rows(section, [*_command(section, asked), *above], packages=packages)


def _command(section: str, asked: argparse.Namespace) -> list[str]:
    command = f"python benchmarks/{section.partition(':')[0]}.py"
    return [f"`{command}`, {asked.threads} threads.", ""]
