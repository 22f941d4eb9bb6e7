"""Views: the parts of a picture that a network is asked about at test time, so that its answers can be averaged.

A view is cut, antialiased, by the store, and may be mirrored on the device. Its windows have the shape of the
network's input and lie in the whole picture. (AlexNet's five and ten lie in the square in its middle.)

    for view in views("ten", preprocess.size):
        images, readable = store.read(rows, view.crops(len(rows)))
        scores += network(preprocess.normalize(view.look(torch.from_numpy(images))))
"""

from dataclasses import dataclass

from torch import Tensor

from striate.core.catalog import Catalog
from striate.data.preprocess import Crop

VIEWS = Catalog(
    "view",
    {
        "none": "the picture as it is prepared for the network",
        "flip": "that, and its mirror image",
        "five": "four corners and the center, of 7/8 of the side",
        "ten": "five, and their mirror images",
        "multiscale": "the center at 1, 7/8 and 3/4 of the side, and their mirror images",
    },
)

_SHARE = 7 / 8  # 224 of 256, Krizhevsky et al. 2012, section 4.1
_SCALES = (1.0, 7 / 8, 3 / 4)
_MIDDLE = (0.5, 0.5)
_CORNERS = ((0.0, 0.0), (0.0, 1.0), (1.0, 0.0), (1.0, 1.0))


class Window(Crop):
    """A part of a picture that keeps its shape: `area` is a share of the largest part of that shape, not of all."""

    def box(self, height: int, width: int) -> tuple[float, float, float, float]:
        """Return left, top, right, bottom in pixels of a picture of that size."""
        side = self.area**0.5
        h = side * min(height, width / self.ratio)
        w = side * min(width, height * self.ratio)
        top, left = self.top * (height - h), self.left * (width - w)
        return left, top, min(left + w, width), min(top + h, height)


@dataclass(frozen=True)
class View:
    """One look at a picture.

    Args:
        crop: the part to cut; None: what the preprocessing takes.
        flip: whether it is mirrored, left to right.
    """

    crop: Crop | None = None
    flip: bool = False

    def crops(self, count: int) -> tuple[Crop, ...] | None:
        """Return what `Store.read` is to cut from `count` pictures."""
        return None if self.crop is None else (self.crop,) * count

    def look(self, images: Tensor) -> Tensor:
        """Return pictures (N, C, H, W) mirrored, where the view is."""
        return images.flip(3) if self.flip else images


def views(name: str, size: tuple[int, int]) -> tuple[View, ...]:
    """Return the views of that name, for a network whose input has the height and width `size`.

    Views with the same crop follow one another, so that a picture is read once for both.

    Raises:
        UnknownName: no such name; see `VIEWS`.
    """
    VIEWS[name]  # refuses unknown names
    ratio = size[1] / size[0]
    if name in {"none", "flip"}:
        crops: list[Crop | None] = [None]
    elif name == "multiscale":
        crops = [_window(scale, ratio, _MIDDLE) for scale in _SCALES]
    else:
        crops = [_window(_SHARE, ratio, place) for place in (*_CORNERS, _MIDDLE)]
    both = name not in {"none", "five"}
    return tuple(View(crop, flip) for crop in crops for flip in ((False, True) if both else (False,)))


def _window(share: float, ratio: float, place: tuple[float, float]) -> Window:
    return Window(area=share**2, ratio=ratio, top=place[0], left=place[1])
