"""From Pillow's many kinds of pixel to uint8, gray or RGB, with a note wherever something was decided.

- More than 8 bits: by the full range of the stored depth, 65535 to 255 for 16 bits, so that pictures stay comparable.
- 32-bit integers and floats have no agreed white: floats within 0 and 1 by that range, all else by the picture's
  own least and greatest value.
- Transparency: laid on white, as a page shows it; an alpha that is opaque everywhere is dropped.
"""

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from PIL.TiffImagePlugin import TiffImageFile

from striate.data.unreadable import Unreadable

_GRAY = frozenset({"1", "L", "LA", "La"})
_WIDE = ("I", "F")
_DIM = 1 / 8  # a picture that uses less of its range comes out nearly black


def flatten(image: Image.Image, data: bytes) -> tuple[NDArray[np.uint8], list[str]]:
    """Return the pixels of a loaded picture.

    Args:
        image: of any mode.
        data: the file it came from, for the depth that Pillow's mode hides.

    Returns:
        (H, W, 1) of a gray picture, else (H, W, 3); and notes out of `cmyk`, `palette`, `16-bit` (more than 8),
        `dim` (uses under an eighth of its 16 bits), `float`, `stretched`, `alpha`.

    Raises:
        Unreadable: values that are not finite.
    """
    notes = {"CMYK": ["cmyk"], "P": ["palette"], "PA": ["palette"]}.get(image.mode, [])
    depth = _depth(image, data)
    if depth > 8:
        notes = [*notes, "16-bit"]
    if image.mode.startswith(_WIDE):
        pixels, alpha, more = _narrowed(image, depth)
        notes = [*notes, *more]
    else:
        pixels, alpha = _converted(image)
    if alpha is not None and alpha.min(initial=255) < 255:
        pixels, notes = _on_white(pixels, alpha), [*notes, "alpha"]
    return np.ascontiguousarray(pixels), notes


def _converted(image: Image.Image) -> tuple[NDArray[np.uint8], NDArray[np.uint8] | None]:
    gray = image.mode in _GRAY
    if not image.has_transparency_data:
        plain = np.asarray(image.convert("L" if gray else "RGB"))
        return (plain[:, :, None] if gray else plain), None
    if image.mode == "La":
        image = image.convert("LA")
    full = np.asarray(image.convert("RGBA"))
    return full[:, :, : 1 if gray else 3], full[:, :, 3:]


def _on_white(pixels: NDArray[np.uint8], alpha: NDArray[np.uint8]) -> NDArray[np.uint8]:
    weight = alpha.astype(np.uint16)
    laid = (pixels * weight + 255 * (255 - weight) + 127) // 255  # at most 255 * 255 + 127: fits 16 bits
    return laid.astype(np.uint8)


def _narrowed(image: Image.Image, depth: int) -> tuple[NDArray[np.uint8], NDArray[np.uint8] | None, list[str]]:
    values = np.asarray(image)[:, :, None]
    if image.mode.startswith("I;16") or (image.mode == "I" and image.format == "PPM"):
        top = 2**depth - 1
        clear = image.info.get("transparency")
        alpha = np.where(values == clear, 0, 255).astype(np.uint8) if isinstance(clear, int) else None
        dim = ["dim"] if values.max(initial=0) < top * _DIM else []
        if isinstance(image, TiffImageFile) and image.tag_v2.get(262) == 0:  # white is zero: Pillow leaves it so
            values = top - values
        return _scaled(values, 0, top), alpha, dim
    low, high = float(values.min()), float(values.max())
    if not np.isfinite((low, high)).all():
        raise Unreadable("it has values that are not finite (NaN or infinity)")
    if image.mode == "F" and low >= 0 and high <= 1:
        return _scaled(values, 0, 1), None, ["float"]
    return _scaled(values, low, high), None, ["stretched"]


def _scaled(values: NDArray[np.generic], low: float, high: float) -> NDArray[np.uint8]:
    scale = 255 / (high - low) if high > low else 0.0
    return np.rint((values.astype(np.float64) - low) * scale).astype(np.uint8)


def _depth(image: Image.Image, data: bytes) -> int:
    if isinstance(image, TiffImageFile):
        bits = image.tag_v2.get(258, 8)  # BitsPerSample
        return int(max(bits)) if isinstance(bits, tuple) else int(bits)
    if image.format == "PNG":
        return data[24]  # IHDR's bit depth
    return 16 if image.mode.startswith(_WIDE) else 8
