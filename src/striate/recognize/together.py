"""Answers for pictures, each process answering its part of them and the first telling all."""

from collections.abc import Iterable, Iterator
from itertools import chain, zip_longest
from typing import Any

from striate.recognize.load import Loaded
from striate.recognize.predict import Picture, Prediction
from striate.runtime.processes import together


def answer_together(
    recognizer: Loaded, pictures: Picture | Iterable[Picture], *, quiet: bool = True, **options: Any
) -> Iterator[Prediction]:
    """Yield one answer a picture, in order; of many processes, the first yields all, the others none.

    Alone, answers come as they are found; together, when all are there. Options as `NetworkRecognizer.answers` has.
    """
    with together() as group:
        quiet = quiet or not group.first
        own = recognizer.answers(pictures, rank=group.rank, world=group.world, quiet=quiet, **options)
        if group.world == 1:
            yield from own
            return
        parts = group.gather(list(own))
        if group.first:
            yield from (answer for answer in chain.from_iterable(zip_longest(*parts)) if answer is not None)
