"""Mixing pictures in pairs: mixup and CutMix.

mixup: Zhang, Cisse, Dauphin and Lopez-Paz, 2017. https://arxiv.org/abs/1710.09412
CutMix: Yun, Han, Oh, Chun, Choe and Yoo, 2019. https://arxiv.org/abs/1905.04899

A picture's partner is the other of its pair in the batch, with one draw for both; where the partner could not be read,
the picture is not mixed. The papers permute the batch; pairs keep partners together when a batch is dealt to processes.
"""

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from striate.data.degrade import areas, in_pixels

Floats = NDArray[np.float64]
Places = NDArray[np.int64]


def partners(positions: NDArray[np.int64], first: int) -> Places:
    """Return for each picture the place of its partner among `positions`, its own where the partner is not there.

    Args:
        positions: (N,) places in the epoch's order, all different, in any order.
        first: where the batch begins: positions first and first + 1 are a pair, and so on.
    """
    if len(positions) == 0:
        return positions
    wanted = first + ((positions - first) ^ 1)
    order = np.argsort(positions)
    found = order[np.searchsorted(positions, wanted, sorter=order).clip(max=len(order) - 1)]
    return np.where(positions[found] == wanted, found, np.arange(len(positions)))


def kept_partners(partners: Places, places: NDArray[np.int64]) -> Places:
    """Return the partners of the pictures at `places`, counted among them; their own where the partner is left out."""
    among = np.full(len(partners), -1)
    among[places] = np.arange(len(places))
    found = among[partners[places]]
    return np.where(found < 0, np.arange(len(places)), found)


def own_shares(shares: Floats, cuts: Floats, size: tuple[int, int] | None) -> Floats:
    """Return what share of a mixed picture is its own: for CutMix, of the pixels really left (its section 3.1)."""
    if size is None or not cuts.any():
        return shares
    covered = areas(in_pixels(cuts, size))
    return np.where(cuts.any(1), 1 - covered / (size[0] * size[1]), shares)


def mix(images: Tensor, partners: Places, shares: Floats, cuts: Floats) -> Tensor:
    """Return the pictures mixed with their partners.

    Args:
        images: (N, C, H, W); float where something is averaged.
        partners: (N,) places; a picture whose partner is itself stays as it is.
        shares: (N,) the picture's own share in the average.
        cuts: (N, 4) boxes that the partner fills instead, as shares of the sides; empty: averaged.
    """
    mixed = partners != np.arange(len(partners))
    cut = cuts.any(1) & mixed
    averaged = np.flatnonzero(mixed & ~cut)
    whole = images.clone() if cut.any() or averaged.size else images
    if averaged.size:
        mine, others = (torch.from_numpy(places).to(images.device) for places in (averaged, partners[averaged]))
        share = torch.from_numpy(shares[averaged].astype(np.float32)).to(images.device)
        whole[mine] = torch.lerp(images[others], images[mine], share[:, None, None, None])
    corners = in_pixels(cuts, (images.shape[2], images.shape[3]))
    for place in np.flatnonzero(cut).tolist():
        top, left, bottom, right = corners[place].tolist()
        whole[place, :, top:bottom, left:right] = images[partners[place], :, top:bottom, left:right]
    return whole


def mix_labels(labels: Tensor, partners: Places, shares: Floats, classes: int) -> Tensor:
    """Return (N, K) float32: a picture's own share for its class, the rest for its partner's."""
    one_hot = F.one_hot(labels, classes).float()
    share = torch.from_numpy(shares.astype(np.float32)).to(labels.device)[:, None]
    return one_hot * share + one_hot[torch.from_numpy(partners).to(labels.device)] * (1 - share)
