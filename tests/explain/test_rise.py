"""RISE: masks as the paper draws them, and the order of what counts."""

import pytest
import torch
from torch import nn

from striate.core.errors import RecipeError
from striate.explain import explain
from striate.explain.rise import Masks


def test_masks_show_the_share_that_was_asked_for_everywhere() -> None:
    masks = Masks((20, 17), 4000, 5, 0.3, 0)[:4000]
    assert masks.shape == (4000, 20, 17)
    assert masks.min() >= 0
    assert masks.max() <= 1
    assert (masks.mean(dim=0) - 0.3).abs().max() < 0.03


def test_masks_do_not_depend_on_how_many_are_made_at_once() -> None:
    masks = Masks((9, 9), 20, 3, 0.5, 1)
    assert torch.equal(torch.cat([masks[0:7], masks[7:20]]), masks[0:20])
    assert not torch.equal(Masks((9, 9), 20, 3, 0.5, 2)[0:20], masks[0:20])


def test_the_map_is_equation_6_of_answers_less_their_mean() -> None:
    torch.manual_seed(0)
    network = nn.Sequential(nn.Flatten(), nn.Linear(3 * 81, 3)).double()
    images = torch.randn(2, 3, 9, 9, dtype=torch.float64)
    maps = explain(
        network, images, torch.tensor([2, 0]), method="rise", number=20, cells=3, probability=0.4, seed=1, batch=6
    )
    masks = Masks((9, 9), 20, 3, 0.4, 1)[0:20]
    with torch.no_grad():
        for n, one in enumerate([2, 0]):
            answers = network(images[n] * masks[:, None]).softmax(1)[:, one]
            answers = answers - answers.mean()
            assert torch.allclose(maps.values[n], (answers[:, None, None] * masks).sum(0) / 20 / 0.4)


def test_on_a_linear_model_what_counts_more_stands_higher() -> None:
    weights = torch.zeros(1, 16, 16)
    weights[:, 2:6, 2:6], weights[:, 10:14, 10:14], weights[:, 2:6, 10:14] = 2.0, 1.0, -2.0
    network = nn.Sequential(nn.Flatten(), nn.Linear(256, 1, bias=False))
    network[1].weight.data = weights.view(1, 256)
    maps = explain(
        network, torch.ones(1, 1, 16, 16), torch.tensor([0]), method="rise", number=2000, cells=4, measure="score"
    )
    value = maps.values[0]
    most, some, none, least = value[4, 4], value[12, 12], value[12, 4], value[4, 12]
    assert most > some > none > least
    assert most > 0 > least
    assert maps.signed


@pytest.mark.parametrize("options", [{"number": 0}, {"cells": 0}, {"probability": 1.0}, {"probability": 0.0}])
def test_masks_that_show_nothing_or_all_are_refused(options: dict[str, float]) -> None:
    with pytest.raises(RecipeError, match="at least one mask"):
        explain(
            nn.Sequential(nn.Flatten(), nn.Linear(4, 2)),
            torch.ones(1, 1, 2, 2),
            torch.tensor([0]),
            method="rise",
            **options,
        )
