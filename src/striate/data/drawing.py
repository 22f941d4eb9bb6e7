"""Drawing what happens to a picture: a function of (seed, epoch, position in the epoch), whoever asks.

Each group of fields has its own numbers, so that switching one on changes nothing about the others.
"""

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from striate.core.seeds import uniforms
from striate.data import mixing
from striate.data.augmentation import Augment, Pair
from striate.data.draws import Draws
from striate.data.policy import trivial
from striate.data.preprocess import Crop

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

_ERASED_RATIO = 0.3  # least height over width of an erased box, as Zhong et al. 2017 have it; 1 / 0.3 the greatest


def draw(
    augment: Augment,
    seed: int,
    epoch: int,
    positions: Ints,
    *,
    first: int = 0,
    rows: Ints | None = None,
    size: tuple[int, int] | None = None,
) -> Draws:
    """Draw what happens to the pictures at `positions` of `epoch`.

    Args:
        augment: what may happen.
        seed: the run's seed.
        epoch: counts from 1.
        positions: (N,) places in the epoch's order.
        first: the position at which their batch begins; pairs that may be mixed are counted from it.
        rows: (N,) rows of the table; needed for alternating flips, which belong to a picture.
        size: height and width of the pictures; needed for cutmix, which counts pixels.
    """
    if augment.cutmix and size is None:
        raise ValueError("cutmix counts pixels: pass size=(height, width)")
    u = uniforms(positions, 8, "augment", seed, epoch)
    shifts = np.floor(u[:, :2] * (2 * augment.shift + 1)).astype(np.int64) - augment.shift
    drawn: dict[str, Any] = {"shifts": shifts, "border": augment.border, "size": size}
    drawn["flips"] = _flips(augment, u[:, 2:4], seed, epoch, rows)
    if augment.crop is not None:
        drawn["crops"] = _crops(augment.crop, augment.ratio, u[:, 4:])
    drawn |= _moves(augment, seed, epoch, positions)
    drawn |= _colors(augment, seed, epoch, positions)
    drawn |= _degrading(augment, seed, epoch, positions)
    drawn |= _mixing(augment, seed, epoch, positions, first)
    draws = Draws.still(positions, **drawn)
    return draws if augment.policy == "none" else _with_trivial(draws, uniforms(positions, 3, "policy", seed, epoch))


def _crops(areas: Pair, ratios: Pair, u: Floats) -> tuple[Crop, ...]:
    low, high = np.log(ratios)
    area, ratio = areas[0] + (areas[1] - areas[0]) * u[:, 0], np.exp(low + (high - low) * u[:, 1])
    drawn = np.stack([area, ratio, u[:, 2], u[:, 3]], 1).tolist()
    return tuple(Crop(area=area, ratio=ratio, top=top, left=left) for area, ratio, top, left in drawn)


def _flips(augment: Augment, u: Floats, seed: int, epoch: int, rows: Ints | None) -> NDArray[np.bool_]:
    if augment.flip == "alternating":
        # Jordan, 2024, https://arxiv.org/abs/2404.00498, section 3.6: no picture looks the same in two epochs running
        if rows is None:
            raise ValueError("alternating flips belong to a picture, not to its position: pass rows")
        coins = uniforms(rows, 1, "alternating flip", seed)[:, 0] < 0.5
        return np.stack([np.zeros(len(rows), np.bool_), coins != (epoch % 2 == 0)], 1)
    allowed = np.array([augment.flip in {"vertical", "both"}, augment.flip in {"horizontal", "both"}])
    return np.asarray((u < 0.5) & allowed, np.bool_)


def _moves(augment: Augment, seed: int, epoch: int, positions: Ints) -> dict[str, Any]:
    scaled, sheared = augment.scale != (1, 1), any(augment.shear)
    if not (augment.rotation or augment.translate or scaled or sheared):
        return {}
    u = uniforms(positions, 6, "moves", seed, epoch)
    return {
        "angles": _around(u[:, 0], 0, augment.rotation),
        "translations": _around(u[:, 1:3], 0, augment.translate),
        "shears": _around(u[:, 3:5], 0, np.array(augment.shear)),
        "scales": np.exp(_between(u[:, 5], tuple(np.log(augment.scale)))),  # halving as likely as doubling
    }


def _colors(augment: Augment, seed: int, epoch: int, positions: Ints) -> dict[str, Any]:
    names = ("brightness", "contrast", "saturation")
    if not (augment.hue or augment.pca_noise or any(getattr(augment, name) for name in names)):
        return {}
    u = uniforms(positions, 7, "colors", seed, epoch)
    factors = {}
    for column, name in enumerate(names):
        strength = getattr(augment, name)
        factors[name] = _between(u[:, column], (max(0.0, 1 - strength), 1 + strength))
    return {
        **factors,
        "hue": _around(u[:, 3], 0, augment.hue),
        "principal": augment.pca_noise * _normal(u[:, 4:]) if augment.pca_noise else np.zeros((len(u), 3)),
    }


def _degrading(augment: Augment, seed: int, epoch: int, positions: Ints) -> dict[str, Any]:
    if not (augment.noise or augment.blur or augment.erasing):
        return {}
    u = uniforms(positions, 9, "degrading", seed, epoch)
    found: dict[str, Any] = {}
    if augment.noise:
        found["noises"] = np.where(u[:, 0] < augment.noise_chance, augment.noise, 0.0)
        found["keys"] = (u[:, 1] * 2**53).astype(np.int64)
    if augment.blur:
        found["blurs"] = np.where(u[:, 2] < augment.blur_chance, _between(u[:, 3], augment.blur), 0.0)
    if augment.erasing:
        erased = u[:, 4] < augment.erasing_chance
        found["erased"] = _erased(augment.erasing, u[:, 5:]) * erased[:, None]
    return found


def _erased(share: Pair, u: Floats) -> Floats:
    """Return boxes (N, 4) with the drawn share of the area; narrowed or flattened where a side would be too long."""
    area = _between(u[:, 0], share)
    ratio = _ERASED_RATIO ** _around(u[:, 1], 0, 1)
    height = np.minimum(np.sqrt(area * ratio), 1)
    width = np.minimum(area / height, 1)
    height = area / width
    top, left = u[:, 2] * (1 - height), u[:, 3] * (1 - width)
    return np.stack([top, left, top + height, left + width], 1)


def _mixing(augment: Augment, seed: int, epoch: int, positions: Ints, first: int) -> dict[str, Any]:
    if not augment.mixes:
        return {}
    pairs = first + (positions - first) // 2 * 2
    u = uniforms(pairs, 5, "mixing", seed, epoch)  # the same for both of a pair
    cut = u[:, 1] < 0.5 if augment.mixup else np.ones(len(u), np.bool_)
    cut &= augment.cutmix > 0
    shares = np.where(cut, _beta(u[:, 2], augment.cutmix), _beta(u[:, 2], augment.mixup))
    partners = np.where(u[:, 0] < augment.mixing_chance, mixing.partners(positions, first), np.arange(len(u)))
    half = np.sqrt(1 - shares)[:, None] / 2  # CutMix's section 3.1: sides by the root of 1 - share, cut at the border
    boxes = np.concatenate([u[:, 3:] - half, u[:, 3:] + half], 1).clip(0, 1)
    return {"partners": partners, "shares": shares, "cuts": boxes * cut[:, None]}


def _with_trivial(draws: Draws, u: Floats) -> Draws:
    drawn = trivial(u)
    added = {name: getattr(draws, name) + drawn[name] for name in ("shears", "shifts", "angles")}
    times = {name: getattr(draws, name) * drawn[name] for name in ("brightness", "contrast", "saturation")}
    return replace(draws, **added, **times)


def _between(u: Floats, limits: Pair) -> Floats:
    return limits[0] + (limits[1] - limits[0]) * u


def _around(u: Floats, middle: float, reach: float | Floats) -> Floats:
    return middle + (2 * u - 1) * reach


def _normal(u: Floats) -> Floats:
    from scipy.special import ndtri  # type: ignore[import-untyped, unused-ignore]

    normal: Floats = ndtri(u + 2.0**-54)  # never 0
    return normal


def _beta(u: Floats, parameter: float) -> Floats:
    from scipy.special import betaincinv  # type: ignore[import-untyped, unused-ignore]

    beta: Floats = betaincinv(parameter, parameter, u) if parameter else np.ones_like(u)
    return beta
