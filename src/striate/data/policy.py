"""One operation a picture: TrivialAugment, as far as it is matrices.

Müller and Hutter, 2021. https://arxiv.org/abs/2103.10158

The operation is drawn evenly, and its strength, one of 31 in the paper's wide ranges, too. Sharpness, posterize,
solarize, autocontrast and equalize are left out: they are no matrices, or depend on each picture's extremes.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

OPERATIONS = (
    "identity",
    "shear x",
    "shear y",
    "translate x",
    "translate y",
    "rotate",
    "brightness",
    "color",
    "contrast",
)
_STRENGTHS = 30  # and 0
_SHEAR, _PIXELS, _DEGREES, _FACTOR = 0.99, 32, 135, 0.99  # the wide ranges, table 6 (its color factors: 0.01 to 2)


def trivial(u: Floats) -> dict[str, Any]:
    """Return what it changes, by the names of `Draws`: angles, shears and shifts to add, factors to multiply.

    Args:
        u: (N, 3) uniform in [0, 1): operation, strength and sign.
    """
    which = np.array(OPERATIONS)[(u[:, 0] * len(OPERATIONS)).astype(int)]
    strength = np.floor(u[:, 1] * (_STRENGTHS + 1)) / _STRENGTHS * np.where(u[:, 2] < 0.5, -1, 1)

    def of(operation: str, greatest: float) -> Floats:
        return np.where(which == operation, strength * greatest, 0.0)

    return {
        "shears": np.degrees(np.arctan(np.stack([of("shear x", _SHEAR), of("shear y", _SHEAR)], 1))),
        "shifts": np.rint(np.stack([of("translate y", _PIXELS), of("translate x", _PIXELS)], 1)).astype(np.int64),
        "angles": of("rotate", _DEGREES),
        "brightness": 1 + of("brightness", _FACTOR),
        "saturation": 1 + of("color", _FACTOR),
        "contrast": 1 + of("contrast", _FACTOR),
    }
