"""Units that were made ill are named, with the doubt that the pictures leave."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

from striate.units.health import at_least, at_most, claims
from striate.units.mining import study


def ill() -> nn.Module:
    """Return one layer of eight units: 0 to 2 are well, then dead, constant, twin of 1, constant, of the border."""
    torch.manual_seed(1)
    conv = nn.Conv2d(3, 8, 3, padding=1)
    with torch.no_grad():
        conv.weight[:3] *= 2
        conv.bias[:3] = 0.5
        conv.weight[3:5] = 0
        conv.bias[3], conv.bias[4] = -1, 0.25
        conv.weight[5], conv.bias[5] = conv.weight[1] * 0.8, conv.bias[1] * 0.8
        conv.bias[6] = 500
        conv.weight[7], conv.bias[7] = -0.01, 0.5
    squeezed = nn.Sequential(conv, nn.ReLU(), nn.Hardtanh(0, 20))
    return nn.Sequential(squeezed, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(8, 3))


@pytest.fixture
def found(store_of):
    pixels = np.random.default_rng(0).integers(100, 256, (40, 12, 12, 3), np.uint8)
    network = ill()
    store = store_of(pixels=pixels)
    return study(network, store, layers=["0"])["0"]


def test_every_planted_illness_is_named_and_no_other(found) -> None:
    named = {(claim.kind, claim.unit) for claim in claims(found)}
    planted = {("dead", 3), ("constant", 4), ("duplicate", 5), ("constant", 6), ("border", 7)}
    assert planted <= named
    assert not {claim for claim in named if claim[1] in (0, 1, 2)}


def test_a_claim_says_on_how_many_pictures_it_rests_and_how_sure_it_is(found) -> None:
    by_unit = {claim.unit: claim for claim in claims(found)}
    assert by_unit[3].pictures == 40
    assert by_unit[3].limit == pytest.approx(1 - 0.05 ** (1 / 40))
    assert "40 pictures" in by_unit[3].words
    assert by_unit[5].twin == 1
    assert 0.99 < by_unit[5].limit <= 1
    assert by_unit[7].limit > (1 + found.border_share) / 2


def test_a_unit_that_is_mostly_at_its_limit_is_saturated(store_of) -> None:
    network = nn.Sequential(nn.Conv2d(3, 2, 3, bias=False), nn.Tanh(), nn.AdaptiveAvgPool2d(1), nn.Flatten())
    torch.manual_seed(0)
    with torch.no_grad():
        network[0].weight[0] *= 0.2
        network[0].weight[1] *= 200
    told = claims(study(network, store_of(40), layers=["1"])["1"])
    assert [(claim.kind, claim.unit) for claim in told] == [("saturated", 1)]
    assert 0.5 < told[0].limit < 1


def test_few_activations_that_tell_anything_are_no_evidence_of_a_twin(store_of) -> None:
    pixels = np.zeros((40, 12, 12, 3), np.uint8)
    pixels[7, 5, 5] = 255  # both units fire at one place of one picture only
    network = nn.Sequential(nn.Conv2d(3, 2, 1), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten())
    with torch.no_grad():
        network[0].weight.fill_(1.0)
        network[0].bias.zero_()
    found = study(network, store_of(pixels=pixels), layers=["1"])["1"]
    assert found.sampled == 4096
    assert not [claim for claim in claims(found) if claim.kind == "duplicate"]


def test_limits_are_those_of_the_binomial() -> None:
    assert at_most(0, 100) == pytest.approx(0.0295, abs=1e-4)  # the rule of three: 3 / 100
    assert at_most(10, 10) == 1
    assert at_least(0, 10) == 0
    assert at_least(10, 10) == pytest.approx(0.05**0.1)
    assert at_least(30, 100) < 0.3 < at_most(30, 100)
