"""RISE: Petsiuk, Das and Saenko, 2018. https://arxiv.org/abs/1806.07421.

Show the network the picture through many random masks; a pixel counts as much as the answer does, on average, when it
is seen. It needs no gradient and no knowledge of the network.
"""

from __future__ import annotations

from math import ceil

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from striate.core.errors import RecipeError
from striate.core.seeds import seed_for
from striate.explain.asking import parts, require
from striate.explain.fills import filled
from striate.explain.occlusion import Measure, answers
from striate.inside.inspecting import inspecting
from striate.inside.maps import Maps
from striate.inside.passes import at_once

NOTHING = "nothing: all masked copies give the same answer for the class"


class Masks:
    """Random masks of the paper's section 3.2, each drawn from the seed alone.

    Args:
        picture: height and width.
        number: of masks.
        cells: of the coarse grid, along each side.
        probability: that a cell is shown.
        seed: of all draws, which are made on the CPU.
    """

    def __init__(self, picture: tuple[int, int], number: int, cells: int, probability: float, seed: int) -> None:
        draws = torch.Generator().manual_seed(seed_for("rise", seed))
        self._picture = picture
        self._cell = ceil(picture[0] / cells), ceil(picture[1] / cells)
        drawn = torch.rand(number, 1, cells, cells, generator=draws, dtype=torch.float64)
        self._grids = (drawn < probability).double()
        self._shifts = [torch.randint(0, cell, (number,), generator=draws) for cell in self._cell]

    def __getitem__(self, part: slice) -> Tensor:
        """Return masks (M, H, W) float64: grids enlarged linearly by a cell more than needed, and shifted by less."""
        size = [(self._grids.shape[2] + 1) * cell for cell in self._cell]
        large = F.interpolate(self._grids[part], size=size, mode="bilinear", align_corners=False)[:, 0]
        rows, columns = (
            shifts[part, None] + torch.arange(side) for shifts, side in zip(self._shifts, self._picture, strict=True)
        )
        number = torch.arange(len(large))
        masks = large[number[:, None, None], rows[:, :, None], columns[:, None, :]]
        return masks.clamp(0, 1)  # interpolation rounds


def explain(
    network: nn.Module,
    images: Tensor,
    classes: Tensor,
    *,
    number: int = 4000,
    cells: int = 7,
    probability: float = 0.5,
    seed: int = 0,
    fill: str | Tensor = "gray",
    measure: Measure = "probability",
    batch: int | None = None,
) -> Maps:
    """Return how far the answer for `classes` rises, on average over random masks, where a pixel is seen.

    Args:
        network: left as it is, bit by bit.
        images: (N, C, H, W), normalized as the network expects.
        classes: (N,) int64.
        number: of masks, the same for every picture; the paper takes 4,000 for VGG-16 and 8,000 for ResNet-50.
        cells: of the coarse grid of a mask, along each side.
        probability: that a cell is shown.
        seed: of the masks; they depend neither on the batch nor on the device.
        fill: what is seen where a mask is 0: a name of `fills.FILLS`, or a tensor (C,), (C, H, W) or (N, C, H, W).
            Gray, 0, is the paper's.
        measure: probability, as in the paper; or score.
        batch: masked pictures that pass at once; by default by their size.

    Returns:
        Signed maps (N, H, W): equation 6, the sum of answers times masks by number and probability, of each answer less
        the mean answer to all masks. So 0 is neutral, where the paper's maps have that mean, and their order is
        kept but for the noise of what each pixel happened to be seen. All channels are masked together, so that there
        are no `channels`.

    Raises:
        UnknownName: no such fill.
        RecipeError: no masks or cells, or a probability that shows nothing or all.
        DoesNotApply: the question is not well put.
    """
    shape = require(images, classes)
    if number < 1 or cells < 1 or not 0 < probability < 1:
        raise RecipeError(
            f"number = {number}, cells = {cells}, probability = {probability}: at least one mask and cell, and a "
            "probability between 0 and 1"
        )
    masks = Masks(shape[1:], number, cells, probability, seed)
    values, total = torch.zeros_like(images[:, 0]), torch.zeros_like(images[:, 0, 0, 0])
    shown = torch.zeros_like(images[0, 0])
    with inspecting(network) as inside, torch.no_grad():
        empty = filled(images, fill)
        for part in parts(number, at_once(images, batch)):
            some = masks[part].to(images)
            shown += some.sum(dim=0)
            for n in range(len(images)):
                seen = empty[n] + some[:, None] * (images[n] - empty[n])
                found = answers(inside.scores(seen), classes[n : n + 1].expand(len(seen)), measure)
                values[n] += torch.einsum("m,mhw->hw", found, some)
                total[n] += found.sum()
    values = (values - total[:, None, None] / number * shown) / (number * probability)
    notes = tuple("" if some else NOTHING for some in values.flatten(1).any(dim=1).tolist())
    return Maps(values, signed=True, method="rise", picture=shape[1:], notes=notes)
