"""What a pack holds: as reduced as nearly all crops allow."""

import numpy as np
import pytest

from striate.data.pack_form import Form, form, in_words
from striate.data.preprocess import Crop, Preprocess


def draws(count: int, least: float) -> list[Crop]:
    random = np.random.default_rng(0)
    areas, ratios = random.uniform(least, 1, count), np.exp(random.uniform(np.log(3 / 4), np.log(4 / 3), count))
    return [Crop(area=area, ratio=ratio, top=0.5, left=0.5) for area, ratio in zip(areas, ratios, strict=True)]


@pytest.mark.parametrize("size", [(375, 500), (1200, 1600), (90, 100), (3000, 500)])
@pytest.mark.parametrize("least", [0.08, 0.35])
@pytest.mark.parametrize("side", [32, 64, 224])
def test_a_step_serves_the_share_of_crops_it_promises(size: tuple[int, int], least: float, side: int) -> None:
    preprocess = Preprocess(size=(side, side), channels=1)
    step = form(preprocess, (least, 1.0), (3 / 4, 4 / 3)).step(*size)
    allowed = np.array([preprocess.reduction(crop, *size) for crop in draws(2000, least)])
    assert (allowed >= step).mean() >= 0.83
    assert step == 8 or (allowed >= 2 * step).mean() <= 0.87


def test_steps_of_many_sizes_are_those_of_each() -> None:
    wanted = Form(size=(32, 48), channels=3, fit=None, crop=(0.2, 0.9), ratio=(0.5, 2.0))
    sizes = np.random.default_rng(0).integers(1, 2000, (300, 2))
    assert wanted.steps(sizes).tolist() == [wanted.step(*size) for size in sizes.tolist()]
    assert wanted.steps(np.zeros((0, 2), np.int64)).tolist() == []


@pytest.mark.parametrize(("count", "words"), [(1, "1 MB"), (12_300_000, "13 MB"), (640_000_000, "0.6 GB")])
def test_sizes_are_said_in_words(count: int, words: str) -> None:
    assert in_words(count) == words
