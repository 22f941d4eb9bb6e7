"""How much of the time a training waits for pictures."""

import time
from collections.abc import Iterator
from typing import TypeVar

T = TypeVar("T")


class Clock:
    """Measures the time since it was made, and how much of it `watch` waited.

    Args:
        waited: seconds spent waiting for the next of what is watched.
    """

    def __init__(self) -> None:
        self.waited = 0.0
        self._began = time.monotonic()

    @property
    def seconds(self) -> float:
        """Seconds since this clock was made."""
        return time.monotonic() - self._began

    @property
    def waiting(self) -> float:
        """The share of the time, 0 to 1, that was spent waiting."""
        return self.waited / self.seconds if self.seconds > 0 else 0.0

    def watch(self, things: Iterator[T]) -> Iterator[T]:
        """Yield `things`, counting the time that each takes to come."""
        while True:
            asked = time.monotonic()
            try:
                thing = next(things)
            except StopIteration:
                return
            finally:
                self.waited += time.monotonic() - asked
            yield thing
