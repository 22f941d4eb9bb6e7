"""Small likenesses of pictures, to find those that show the same.

A thumbnail is 32 x 32 of luma and 4 x 4 of each chroma, one after the other. The perceptual hash says of each of
8 x 8 places whether it grows brighter to the right (dhash: Krawetz, 2013,
https://www.hackerfactor.com/blog/index.php?/archives/529-Kind-of-Like-That.html).
"""

import numpy as np
from numpy.typing import NDArray
from PIL import Image

SIDE = 32
CHROMA_SIDE = 4
BYTES = SIDE**2 + 2 * CHROMA_SIDE**2
# In levels of 0 to 255. With none, noise decides in flat ground: of 56 micrographs recompressed as JPEG at quality
# 50, 86 % kept their hash within 7 bits; with one level, all.
_MARGIN = 1

_FLAT = 4  # levels between the darkest and the brightest place of a picture that shows nothing

_BOX = Image.Resampling.BOX


def thumbnail(pixels: NDArray[np.uint8]) -> bytes:
    """Return the thumbnail of (H, W, 1 or 3) pixels."""
    picture = Image.fromarray(pixels[:, :, 0] if pixels.shape[2] == 1 else pixels)
    small = picture.resize((SIDE, SIDE), _BOX).convert("YCbCr")
    luma, *chroma = small.split()
    return b"".join((luma.tobytes(), *(plane.resize((CHROMA_SIDE, CHROMA_SIDE), _BOX).tobytes() for plane in chroma)))


def perceptual_hash(likeness: bytes) -> int:
    """Return 64 bits of a thumbnail that change little when the picture is resized, recompressed or brightened."""
    luma = Image.frombytes("L", (SIDE, SIDE), likeness[: SIDE**2])
    steps = np.asarray(luma.resize((9, 8), _BOX), np.int16)
    bits = steps[:, 1:] > steps[:, :-1] + _MARGIN
    return int.from_bytes(np.packbits(bits).tobytes(), "big")


def flat(likenesses: NDArray[np.uint8]) -> NDArray[np.bool_]:
    """Return (N,) which of (N, `BYTES`) thumbnails show one flat color."""
    planes = np.split(likenesses, (SIDE**2, SIDE**2 + CHROMA_SIDE**2), axis=1)
    ranges = [plane.max(axis=1) - plane.min(axis=1) for plane in planes]
    flat: NDArray[np.bool_] = np.max(ranges, axis=0) <= _FLAT
    return flat
