"""Changing colors: brightness, contrast, saturation, hue and AlexNet's color noise as one 3x4 matrix a picture.

They follow one another in this order. Brightness, contrast and saturation are torchvision's factors. Hue turns colors
about the gray axis in YIQ: luma stays as it is, while turning HSV's hue keeps the greatest and the least of red, green
and blue. Nothing is clamped in between or at the end; so the whole is one matrix, and values may leave 0 to 255.
"""

from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

Floats = NDArray[np.float64]

LUMA = np.array([0.299, 0.587, 0.114])  # ITU-R BT.601
# NTSC's Y, I and Q of red, green and blue; the last two rows sum to 0: gray has no color
_YIQ = np.array([LUMA, [0.595716, -0.274453, -0.321263], [0.211456, -0.522591, 0.311135]])

# Eigenvectors (columns) and eigenvalues of the covariance of ImageNet's RGB on the scale of 0 to 1, as given in
# fb.resnet.torch (https://github.com/facebookarchive/fb.resnet.torch, datasets/imagenet.lua) and copied widely since.
# Krizhevsky et al. 2012, section 4.1, add p1 p2 p3 times (a1 l1, a2 l2, a3 l3), a ~ N(0, 0.1).
COMPONENTS = np.array([[-0.5675, 0.7192, 0.4009], [-0.5808, -0.0045, -0.8140], [-0.5836, -0.6948, 0.4203]])
VARIANCES = np.array([0.2175, 0.0188, 0.0045])


class Factors(NamedTuple):
    """What was drawn for the colors of N pictures, each (N,) but the last.

    Args:
        brightness, contrast, saturation: 1 changes nothing.
        hue: in full turns.
        principal: (N, 3), AlexNet's a1, a2, a3.
    """

    brightness: Floats
    contrast: Floats
    saturation: Floats
    hue: Floats
    principal: Floats


class Parts(NamedTuple):
    """A color matrix as it depends on the picture: pixel -> linear pixel + pivot mean + constant.

    Args:
        linear: (N, C, C).
        pivot: (N, C, C), times the picture's mean color: contrast turns about the mean luma.
        constant: (N, C).
    """

    linear: Floats
    pivot: Floats
    constant: Floats


def parts(drawn: Factors, channels: int) -> Parts:
    """Return the matrices of N pictures of 1 or 3 channels; gray ones know brightness and contrast only.

    Where a pixel p has the luma l, and m is the picture's mean luma: brightness b p; contrast c p + (1 - c) m;
    saturation s p + (1 - s) l. A gray value passes saturation and hue as it is, so that m stays outside of them.
    """
    scale = (drawn.brightness * drawn.contrast)[:, None, None]
    away = (drawn.brightness * (1 - drawn.contrast))[:, None, None]
    if channels == 1:
        return Parts(scale, away, np.zeros((len(scale), 1)))
    luma = np.tile(LUMA, (3, 1))
    factor = drawn.saturation[:, None, None]
    saturated = factor * np.eye(3) + (1 - factor) * luma
    constant = 255 * (drawn.principal * VARIANCES) @ COMPONENTS.T
    return Parts(scale * (_turns(drawn.hue) @ saturated), away * luma, constant)


def matrices(drawn: Factors, means: Floats) -> Floats:
    """Return the (N, C, C + 1) matrices for pictures whose mean colors are `means`, (N, C), from 0 to 255."""
    linear, pivot, constant = parts(drawn, means.shape[1])
    return np.concatenate([linear, (pivot @ means[:, :, None]) + constant[:, :, None]], 2)


def change(images: Tensor, found: Parts, out: Tensor) -> None:
    """Write the colors of `images` as the matrices have them into `out`, both (N, C, H, W) float32."""
    device = images.device
    linear, pivot, constant = (torch.from_numpy(part.astype(np.float32)).to(device) for part in found)
    added = constant[:, :, None]
    if found.pivot.any():
        added = torch.baddbmm(added, pivot, images.mean((2, 3))[:, :, None])
    torch.baddbmm(added, linear, images.flatten(2), out=out.view(*images.shape[:2], -1))


def _turns(hue: Floats) -> Floats:
    """Return (N, 3, 3) rotations of I and Q that leave Y, in terms of red, green and blue."""
    angle = 2 * np.pi * hue
    turn = np.tile(np.eye(3), (len(hue), 1, 1))
    turn[:, 1, 1] = turn[:, 2, 2] = np.cos(angle)
    turn[:, 1, 2] = np.sin(angle)
    turn[:, 2, 1] = -turn[:, 1, 2]  # from red over yellow to green, as HSV counts
    turned: Floats = np.linalg.inv(_YIQ) @ turn @ _YIQ
    turned[hue == 0] = np.eye(3)  # not all but for the last digit
    return turned
