"""mixup and CutMix: pictures and targets are mixed by the same shares, in pairs."""

import numpy as np
import pytest
import torch

from striate.data.augment import Augment, Draws, apply, draw, targets

SIZE = (12, 16)
IMAGES = torch.arange(8).float()[:, None, None, None].expand(8, 1, *SIZE) * 10  # picture i is 10 i everywhere
LABELS = torch.arange(8)


def _drawn(augment: Augment, positions: list[int], first: int = 0) -> Draws:
    return draw(augment, 0, 1, np.array(positions), first=first, size=SIZE)


@pytest.mark.parametrize("augment", [Augment(mixup=1.0), Augment(cutmix=1.0), Augment(mixup=0.4, cutmix=1.0)])
def test_pictures_and_targets_are_mixed_by_the_same_shares(augment: Augment) -> None:
    draws = _drawn(augment, list(range(20, 28)))
    mixed, wanted = apply(IMAGES, draws), targets(LABELS, draws, 8)
    assert wanted.sum(1).tolist() == pytest.approx([1.0] * 8)
    assert torch.allclose(mixed.mean((1, 2, 3)), wanted @ (torch.arange(8) * 10.0), atol=1e-3)
    for place in range(8):
        assert set(wanted[place].nonzero().flatten().tolist()) <= {place, place ^ 1}
    assert (wanted[0::2].max(1).values == wanted[1::2].max(1).values).all()  # one draw for both


def test_cutmix_moves_whole_pixels_and_counts_them() -> None:
    draws = _drawn(Augment(cutmix=1.0), list(range(8)))
    mixed = apply(IMAGES.to(torch.uint8), draws)
    assert mixed.dtype == torch.uint8
    for place in range(8):
        foreign = (mixed[place, 0] == 10 * (place ^ 1)).float().mean()
        assert float(targets(LABELS, draws, 8)[place, place]) == pytest.approx(1 - float(foreign), abs=1e-6)


def test_mixing_leaves_the_pictures_given() -> None:
    before = IMAGES.clone()
    apply(IMAGES, _drawn(Augment(mixup=1.0, cutmix=1.0), list(range(8))))
    assert torch.equal(IMAGES, before)


def test_pairs_are_counted_from_where_the_batch_begins() -> None:
    assert _drawn(Augment(mixup=1.0), [4, 5, 6, 7, 8]).partners.tolist() == [1, 0, 3, 2, 4]
    assert _drawn(Augment(mixup=1.0), [5, 6, 7, 8, 9], first=5).partners.tolist() == [1, 0, 3, 2, 4]
    assert _drawn(Augment(mixup=1.0), [8, 5, 6, 9], first=5).partners.tolist() == [0, 2, 1, 3]


def test_a_picture_without_its_partner_is_not_mixed() -> None:
    whole = _drawn(Augment(mixup=1.0), list(range(8)))
    part = whole.take(np.array([True, False, True, True, True, True, False, True]))
    assert part.mixed.tolist() == [False, True, True, True, True, False]
    assert part.partners.tolist() == [0, 2, 1, 4, 3, 5]
    assert part.own_shares[0] == part.own_shares[5] == 1
    assert torch.equal(targets(LABELS[[0, 2]], whole.take(np.array([0, 2])), 8), LABELS[[0, 2]])


@pytest.mark.parametrize("alpha", [0.2, 1.0, 4.0])
def test_shares_follow_the_beta_distribution(alpha: float) -> None:
    shares = _drawn(Augment(mixup=alpha), list(range(0, 8000, 2))).shares
    assert shares.mean() == pytest.approx(0.5, abs=0.02)
    assert shares.var() == pytest.approx(1 / (4 * (2 * alpha + 1)), rel=0.06)


def test_mixing_happens_to_the_share_of_pairs_asked_for_and_evenly_both_ways() -> None:
    draws = _drawn(Augment(mixup=1.0, cutmix=1.0, mixing_chance=0.5), list(range(4000)))
    assert draws.mixed.mean() == pytest.approx(0.5, abs=0.03)
    assert draws.cuts.any(1).mean() == pytest.approx(0.5, abs=0.03)
