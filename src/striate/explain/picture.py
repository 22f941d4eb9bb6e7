"""Explain a recognizer's answers to the user's pictures: what it says, and a map of each method that is asked.

Pictures are explained as the network sees them, at its input's size and crop. Where a method does not apply, its
panel holds the reason, and the others go on.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from inspect import signature
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from striate.core.errors import DoesNotApply, RecipeError, UnknownName
from striate.core.progress import Tracker, track
from striate.data.decode import Unreadable, decode
from striate.data.preprocess import Preprocess
from striate.explain import METHODS, explain, function_of
from striate.explain.deletion import Rivals
from striate.explain.evidence import Evidence, all_rivals, gather
from striate.explain.options import require_options
from striate.explain.zeiler import Watched, zeiler
from striate.inside.inspecting import inspecting
from striate.inside.layers import map_layer
from striate.inside.maps import Maps
from striate.recognize.load import load_network
from striate.recognize.pictures import Found, Picture, Pictures
from striate.recognize.predict import probabilities_of
from striate.recognize.recognizer import NetworkRecognizer

_BATCH = 16
_ASKED_ELSEWHERE = {"network", "images", "classes", "layer"}


@dataclass(frozen=True)
class Question:
    """What is asked of every picture.

    Args:
        methods: names of `METHODS`.
        layer: for methods that speak of a layer's units; by default the last one with maps.
        target: the class to explain; by default the most probable one of each picture.
        options: of the methods, such as `steps`; each goes to those that have it.
        evidence: also measure what speaks for the maps.
        zeiler: beside occlusion, also show the strongest map and the most probable class while a patch covers a place.
    """

    methods: Sequence[str] = ("gradcam",)
    layer: str | None = None
    target: str | None = None
    options: Mapping[str, Any] = field(default_factory=dict)
    evidence: bool = False
    zeiler: bool = False

    def of(self, method: str) -> dict[str, Any]:
        """Return the options that `method` is given.

        Raises:
            UnknownName: no such method.
        """
        known = options_of(method)
        given = {name: value for name, value in self.options.items() if name in known}
        return {"layer": self.layer, **given} if self.layer and METHODS[method].of == "layer" else given

    def require(self, classes: Sequence[str]) -> None:
        """Refuse what no method or class answers to.

        Raises:
            RecipeError: no method, or a value that an option does not take.
            UnknownName: a method, an option that none of the methods has, or a class.
        """
        if not self.methods:
            raise RecipeError(f"no method is named: name at least one of {', '.join(METHODS)}")
        known = {name for method in self.methods for name in options_of(method)}
        for name in self.options:
            if name not in known:
                raise UnknownName(f"option of {' or '.join(self.methods)}", name, known)
        if self.zeiler and "occlusion" not in self.methods:
            raise RecipeError("zeiler watches what occlusion does: name occlusion among the methods too")
        for method in self.methods:
            require_options(method, self.of(method))
        if self.target is not None and self.target not in classes:
            raise UnknownName("class", self.target, classes)


@dataclass(frozen=True)
class Panel:
    """What one method shows of one picture, or why it shows nothing.

    Args:
        method: its name.
        maps: of this picture alone, in the main memory.
        layer: whose units these are, None for pixels; and the shape (K, h, w) of its output.
        refused: the reason, where the method does not apply.
        evidence: where it was asked for.
        unmeasured: why there is none, where it could not be measured.
        watched: what else changes while a patch covers the picture, of occlusion where it was asked for.
        unwatched: why there is none, where it does not apply.
        classes: names of those that `watched` numbers.
    """

    method: str
    maps: Maps | None = None
    layer: str | None = None
    shape: tuple[int, ...] = ()
    refused: str = ""
    evidence: Evidence | None = None
    unmeasured: str = ""
    watched: Watched | None = None
    unwatched: str = ""
    classes: tuple[str, ...] = ()

    @property
    def note(self) -> str:
        """What to know before believing the map."""
        return self.maps.notes[0] if self.maps is not None and self.maps.notes else ""


@dataclass(frozen=True)
class Explained:
    """One picture, the answer to it, and what each method shows; or why it could not be read.

    Args:
        picture: its path, or `picture 3` for the fourth array.
        pixels: (H, W, C), as the network sees them.
        probabilities: of every class, the most probable first.
        target: the class that the maps explain.
        panels: one a method.
        error: why the picture could not be read; all else is empty then.
    """

    picture: str
    pixels: NDArray[np.uint8]
    probabilities: dict[str, float]
    target: str
    panels: tuple[Panel, ...]
    error: str = ""

    @property
    def answer(self) -> str:
        """The most probable class."""
        return next(iter(self.probabilities))


def explain_pictures(
    recognizer: NetworkRecognizer | str | Path,
    pictures: Picture | Iterable[Picture],
    *,
    methods: Sequence[str] = ("gradcam",),
    layer: str | None = None,
    target: str | None = None,
    evidence: bool = False,
    zeiler: bool = False,
    quiet: bool = True,
    **options: Any,
) -> Iterator[Explained]:
    """Yield each picture with the answer to it and a map of each method.

    Args:
        recognizer: a network's, or a run directory.
        pictures: files, folders, or arrays, as `predict` takes them.
        methods: names of `striate.explain.METHODS`.
        layer: see `Question`, as for what follows.
        target: the class to explain.
        evidence: also measure what speaks for the maps.
        zeiler: also watch the network while occlusion covers the pictures.
        quiet: show no progress.
        options: of the methods.

    Raises:
        UnknownName: a method, layer, class or option.
        RecipeError: no method, or a value that an option does not take.
        DoesNotApply: the recognizer is not one network.
    """
    return ask(recognizer, pictures, Question(tuple(methods), layer, target, options, evidence, zeiler), quiet=quiet)


def ask(
    recognizer: NetworkRecognizer | str | Path,
    pictures: Picture | Iterable[Picture],
    question: Question,
    *,
    quiet: bool = True,
) -> Iterator[Explained]:
    """Yield what `explain_pictures` does, to a question that stands already; errors as there."""
    if not isinstance(recognizer, NetworkRecognizer):
        recognizer = load_network(Path(recognizer))
    question.require(recognizer.classes)
    return _each(recognizer, Pictures(pictures), question, quiet=quiet)


def options_of(method: str) -> frozenset[str]:
    """Return the options of a method besides its layer."""
    return frozenset(signature(function_of(method)).parameters) - _ASKED_ELSEWHERE


def _each(recognizer: NetworkRecognizer, pictures: Pictures, question: Question, *, quiet: bool) -> Iterator[Explained]:
    coming = iter(pictures)
    work = (pictures.count or 0) * len(question.methods)
    with track("explaining", work, quiet=quiet or pictures.count is None) as tracker:
        while part := list(islice(coming, _BATCH)):
            placed = [(name, _placed(recognizer.preprocess, picture)) for name, picture in part]
            read = [(name, pixels) for name, pixels in placed if not isinstance(pixels, str)]
            made = iter(_explained(recognizer, read, question, tracker) if read else ())
            for name, pixels in placed:
                yield _unread(name, pixels) if isinstance(pixels, str) else next(made)


def _placed(preprocess: Preprocess, picture: Found) -> NDArray[np.uint8] | str:
    """Return the picture (H, W, C) as the network sees it, or the reason why it is unreadable."""
    if isinstance(picture, np.ndarray):
        return preprocess.place(picture)
    try:
        decoded = decode(picture, min_size=preprocess.least_size())
    except Unreadable as error:
        return error.reason
    return preprocess.place(decoded.pixels, whole=decoded.size)


def _unread(name: str, reason: str) -> Explained:
    return Explained(name, np.zeros((0, 0, 1), np.uint8), {}, "", (), reason)


def _explained(
    recognizer: NetworkRecognizer, read: Sequence[tuple[str, NDArray[np.uint8]]], question: Question, tracker: Tracker
) -> Iterator[Explained]:
    network, names = recognizer.network, recognizer.classes
    pixels = np.stack([pixels for _, pixels in read])
    device = next(iter(network.parameters()), torch.empty(0)).device
    images = recognizer.preprocess.normalize(torch.from_numpy(pixels.transpose(0, 3, 1, 2).copy()).to(device))
    with inspecting(network) as inside, torch.no_grad():
        scores = inside.scores(images).float().cpu()
    shares = probabilities_of(scores.numpy(), recognizer.temperature)
    classes = scores.argmax(dim=1)
    if question.target is not None:
        classes = torch.full_like(classes, names.index(question.target))
    against = all_rivals(network, images, classes) if question.evidence else None
    columns = []
    for method in question.methods:
        columns.append(_panels(recognizer, images, classes, method, question, against))
        tracker.advance(len(read))
    for n, (name, shown) in enumerate(read):
        order = np.argsort(-shares[n], kind="stable")
        told = {names[k]: float(shares[n, k]) for k in order}
        yield Explained(name, shown, told, names[int(classes[n])], tuple(column[n] for column in columns))


def _panels(
    recognizer: NetworkRecognizer, images: Tensor, classes: Tensor, method: str, question: Question,
    against: Sequence[Rivals] | None,
) -> list[Panel]:  # fmt: skip
    """Return one panel a picture; where the method refuses them together, each is asked alone."""
    network, options = recognizer.network, question.of(method)
    try:
        maps = explain(network, images, classes, method=method, **options)
    except DoesNotApply as error:
        if len(images) == 1:
            return [Panel(method, refused=str(error))]
        return [
            panel
            for n in range(len(images))
            for panel in _panels(recognizer, images[n : n + 1], classes[n : n + 1], method, question, _only(against, n))
        ]
    layer, shape = _layer(recognizer, method, question)
    maps = maps.cpu()
    panels = [Panel(method, one(maps, n), layer, shape) for n in range(len(images))]
    if method == "occlusion" and question.zeiler:
        panels = _watched(panels, recognizer, images, classes, question)
    if against is None:
        return panels
    try:
        found = gather(network, images, classes, maps, options=options, against=against)
    except DoesNotApply as error:
        return [replace(panel, unmeasured=str(error)) for panel in panels]
    return [replace(panel, evidence=evidence) for panel, evidence in zip(panels, found, strict=True)]


def _watched(
    panels: list[Panel], recognizer: NetworkRecognizer, images: Tensor, classes: Tensor, question: Question
) -> list[Panel]:
    """Return the panels with what Zeiler and Fergus watch, of the same patches in passes of its own."""
    options = {name: value for name, value in question.of("occlusion").items() if name != "measure"}
    try:
        seen = zeiler(recognizer.network, images, classes, layer=question.layer, projected=False, **options)
    except DoesNotApply as error:
        return [replace(panel, unwatched=str(error)) for panel in panels]
    return [replace(panel, watched=seen.of(n), classes=tuple(recognizer.classes)) for n, panel in enumerate(panels)]


def _layer(recognizer: NetworkRecognizer, method: str, question: Question) -> tuple[str | None, tuple[int, ...]]:
    if METHODS[method].of != "layer":
        return None, ()
    preprocess = recognizer.preprocess
    found = map_layer(recognizer.network, (preprocess.channels, *preprocess.size), question.layer)
    return found.name, found.shape


def one(maps: Maps, n: int) -> Maps:
    """Return the maps of picture `n` alone."""
    held = {entry.name: getattr(maps, entry.name) for entry in fields(maps)}
    alone: dict[str, Any] = {name: value[n : n + 1] for name, value in held.items() if isinstance(value, Tensor)}
    return replace(maps, **alone, notes=maps.notes[n : n + 1])


def _only(against: Sequence[Rivals] | None, n: int) -> list[Rivals] | None:
    return None if against is None else [rival.of(n) for rival in against]
