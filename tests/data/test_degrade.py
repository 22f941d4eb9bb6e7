"""Blur, noise and erased boxes, against their definitions."""

import numpy as np
import pytest
import torch
from scipy.ndimage import gaussian_filter

from striate.data.augment import Augment, Draws, apply, draw

IMAGES = torch.rand((6, 3, 30, 40), generator=torch.Generator().manual_seed(0)) * 255


def test_blur_is_scipys_gaussian() -> None:
    blurs = np.array([0.0, 0.5, 1.0, 1.5, 2.0, 3.0])
    blurred = apply(IMAGES, Draws.still(np.arange(6), blurs=blurs))
    assert torch.equal(blurred[0], IMAGES[0])
    for place in range(1, 6):
        radius = int(np.ceil(3 * blurs[place]))
        expected = gaussian_filter(IMAGES[place].numpy(), blurs[place], axes=(1, 2), mode="nearest", radius=radius)
        assert np.abs(blurred[place].numpy() - expected).max() < 1e-2


def test_a_blur_wider_than_the_picture_is_possible() -> None:
    assert apply(IMAGES[:1, :, :4, :4], Draws.still(np.arange(1), blurs=np.array([9.0]))).isfinite().all()


def test_noise_has_its_deviation_and_is_new_for_every_picture_and_epoch() -> None:
    augment = Augment(noise=8.0)
    grain = apply(IMAGES, draw(augment, 0, 1, np.arange(6))) - IMAGES
    assert grain.std((1, 2, 3)).tolist() == pytest.approx([8.0] * 6, rel=0.05)
    assert grain.mean((1, 2, 3)).abs().max() < 0.6
    flat = torch.cat([grain, apply(IMAGES, draw(augment, 0, 2, np.arange(6))) - IMAGES]).flatten(1)
    correlation = torch.corrcoef(flat) - torch.eye(12)
    assert correlation.abs().max() < 0.08


def test_noise_belongs_to_the_position() -> None:
    augment = Augment(noise=8.0, noise_chance=0.5)
    whole = apply(IMAGES, draw(augment, 0, 1, np.arange(6)))
    alone = apply(IMAGES[4:5], draw(augment, 0, 1, np.array([4])))
    assert torch.equal(whole[4:5], alone)


def test_an_erased_box_has_the_mean_color_and_the_share_drawn() -> None:
    draws = draw(Augment(erasing=(0.1, 0.3), erasing_chance=1.0), 0, 1, np.arange(6))
    erased = apply(IMAGES, draws)
    for place in range(6):
        changed = (erased[place] != IMAGES[place]).any(0)
        rows, columns = changed.any(1).nonzero(), changed.any(0).nonzero()
        box = erased[place][:, rows.min() : rows.max() + 1, columns.min() : columns.max() + 1]
        assert torch.allclose(box, IMAGES[place].mean((1, 2))[:, None, None].expand_as(box), atol=1e-3)
        assert 0.08 < float(changed.float().mean()) < 0.33


def test_boxes_keep_their_share_at_any_shape() -> None:
    draws = draw(Augment(erasing=(0.02, 0.9), erasing_chance=1.0), 0, 1, np.arange(3000))
    top, left, bottom, right = draws.erased.T
    share = (bottom - top) * (right - left)
    assert draws.erased.min() >= 0
    assert draws.erased.max() <= 1 + 1e-9
    assert 0.02 - 1e-9 <= share.min() < 0.05
    assert 0.87 < share.max() <= 0.9 + 1e-9
    assert share.mean() == pytest.approx(0.46, abs=0.02)


def test_erasing_happens_to_the_share_of_pictures_asked_for() -> None:
    draws = draw(Augment(erasing=(0.1, 0.2), erasing_chance=0.25), 0, 1, np.arange(4000))
    assert draws.erased.any(1).mean() == pytest.approx(0.25, abs=0.03)
