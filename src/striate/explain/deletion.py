"""Deletion and insertion: Petsiuk, Das and Saenko, "RISE", 2018. https://arxiv.org/abs/1806.07421.

If a map is right about what counts, then covering its highest places first makes the answer fall at once, and showing
them first on an empty picture brings it back at once. A covered picture is like none that the network was trained on,
so that the areas mean something only beside those of other orders, and with more than one cover.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor, nn

from striate.core.catalog import Catalog
from striate.core.seeds import seed_for
from striate.explain import fills
from striate.explain.asking import of_class, parts, require
from striate.explain.rivals import center_blob, noise
from striate.inside.inspecting import inspecting

STEPS = 16
AT_ONCE = 64  # covered pictures that the network sees together

Measure = Literal["probability", "score"]


COVERS: Catalog[Callable[[Tensor], Tensor]] = Catalog("cover", {"blur": fills.blur, "mean color": fills.mean})


@dataclass(frozen=True)
class Curves:
    """How the answer to N pictures changes while their places are covered, and while they are shown.

    Args:
        fractions: (S,) of the places, from 0 to 1.
        deletion: (N, S), the answer where that share is covered.
        insertion: (N, S), the answer where all but that share is covered.
    """

    fractions: Tensor
    deletion: Tensor
    insertion: Tensor

    @property
    def deletion_area(self) -> Tensor:
        """(N,), low where the map is right."""
        return torch.trapezoid(self.deletion, self.fractions, dim=1)

    @property
    def insertion_area(self) -> Tensor:
        """(N,), high where the map is right."""
        return torch.trapezoid(self.insertion, self.fractions, dim=1)

    @property
    def gain(self) -> Tensor:
        """(N,), insertion less deletion; 0 in expectation for an order drawn at random, whatever the picture."""
        return self.insertion_area - self.deletion_area

    def of(self, n: int) -> Curves:
        """Return the curves of picture `n` alone."""
        return Curves(self.fractions, self.deletion[n : n + 1], self.insertion[n : n + 1])


@dataclass(frozen=True)
class Rivals:
    """The curves of orders that know nothing, on the same pictures under the same cover.

    Args:
        cover: what the places are covered with.
        center: from the middle outwards.
        random: orders drawn at random.
    """

    cover: str
    center: Curves
    random: tuple[Curves, ...]

    def of(self, n: int) -> Rivals:
        """Return the curves of picture `n` alone."""
        return Rivals(self.cover, self.center.of(n), tuple(each.of(n) for each in self.random))


def order(maps: Tensor, seed: int = 0) -> Tensor:
    """Return the places (N, H * W) of maps (N, H, W) from the highest value to the lowest.

    Equal values come in an order that `seed` draws: by row and column, a constant map would have a curve of its own.
    """
    flat = maps.flatten(1)
    drawn = torch.randperm(flat.shape[1], generator=torch.Generator().manual_seed(seed_for("ties", seed)))
    drawn = drawn.to(flat.device)
    return drawn[flat[:, drawn].sort(dim=1, descending=True, stable=True).indices]


def curves(
    network: nn.Module,
    images: Tensor,
    classes: Tensor,
    maps: Tensor,
    *,
    cover: str = "blur",
    steps: int = STEPS,
    measure: Measure = "probability",
    seed: int = 0,
    at_once: int = AT_ONCE,
) -> Curves:
    """Cover and show the places of `images` in the order of `maps` and return what `network` answers.

    Args:
        network: left as it is.
        images: (N, C, H, W), normalized.
        classes: (N,) int64, whose answer is followed.
        maps: (N, H, W), laid on the pictures.
        cover: a name of `COVERS`.
        steps: into how many steps the places are divided, as evenly as they can be.
        measure: probability: after a softmax, as the paper has it; score: before it.
        seed: of the order of equal values.
        at_once: how many covered pictures the network sees together; the result does not depend on it.
    """
    require(images, classes)
    places = images.shape[2] * images.shape[3]
    counts = torch.linspace(0, places, min(steps, places) + 1, device=images.device).round().long()
    ranks = order(maps.to(images.device), seed).argsort(dim=1)
    covers = COVERS[cover](images)
    # one job a picture, side and number of places; all are mixed, so that the network's batches are full
    jobs = torch.cartesian_prod(torch.arange(len(images)), torch.arange(2), torch.arange(len(counts))).to(images.device)
    answers = []
    with inspecting(network) as inside, torch.no_grad():
        for part in parts(len(jobs), at_once):
            picture, side, step = jobs[part].T
            covered = (ranks[picture] < counts[step][:, None]) ^ (side == 1)[:, None]
            covered = covered.view(-1, 1, *images.shape[2:])
            scores = inside.scores(torch.where(covered, covers[picture], images[picture]))
            answers.append(_answer(scores, classes.to(scores.device)[picture.to(scores.device)], measure))
    values = torch.cat(answers).view(len(images), 2, len(counts)).double().cpu()
    return Curves((counts.double() / places).cpu(), values[:, 0], values[:, 1])


def rivals(
    network: nn.Module,
    images: Tensor,
    classes: Tensor,
    *,
    cover: str = "blur",
    steps: int = STEPS,
    draws: int = 2,
    seed: int = 0,
    measure: Measure = "probability",
) -> Rivals:
    """Return the curves of the middle first, and of `draws` random orders; see `curves`."""
    size = (images.shape[2], images.shape[3])
    blind = [center_blob(size), *(noise(size, seed_for("order", seed, draw)) for draw in range(draws))]
    center, *random = (
        curves(network, images, classes, one.expand(len(images), *size), cover=cover, steps=steps, measure=measure)
        for one in blind
    )
    return Rivals(cover, center, tuple(random))


def _answer(scores: Tensor, classes: Tensor, measure: Measure) -> Tensor:
    return of_class(scores if measure == "score" else scores.double().softmax(dim=1), classes)
