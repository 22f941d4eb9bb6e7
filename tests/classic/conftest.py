"""Pictures with edges and blobs for the tests of descriptions."""

import cv2
import numpy as np
import pytest


@pytest.fixture(scope="session")
def pictures():
    """Six smooth random pictures (6, 3, 40, 48), with edges of all directions."""
    rng = np.random.default_rng(5)
    noise = rng.normal(size=(6, 40, 48, 3))
    smooth = np.stack([cv2.GaussianBlur(one, (0, 0), 2.5) for one in noise])
    smooth = (smooth - smooth.min()) / np.ptp(smooth)
    return np.ascontiguousarray((255 * smooth).astype(np.uint8).transpose(0, 3, 1, 2))
