"""How many pictures a second does SIFT on a dense grid describe?

    python benchmarks/dense_sift.py

256x256, gray, one scale: 32 x 32 places with cells of 2 pixels, and 35 x 35 with cells of 4, as many of both as OpenCV
gets: once a picture with all its keypoints, and keypoint by keypoint. All describe the same places upright, in patches
of the same size; that they see alike is checked on the mean cosine of the descriptors.
"""

import sys

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from pairs import in_turns, judged, options, tell

from striate.classic.dense_sift import DenseSIFT, centers

PACKAGES = ("striate", "torch", "opencv-python-headless", "numpy")
OURS, AT_ONCE, LOOP = "ours", "OpenCV, a picture at once", "OpenCV, keypoint by keypoint"
MUST = {AT_ONCE: 1.0, LOOP: 3.0}
GRIDS = ((2, 8), (4, 7))  # side of a cell, pixels between places
_SIDE, _COUNT = 256, 128
_LOOPED = 1  # pictures: keypoint by keypoint takes so long that one of them is enough
_WIDTH = 1.5  # OpenCV's cells are this many times the size of a keypoint: 3 / 2, in its source


def main() -> int:
    """Time both grids, print the table and keep it."""
    asked = options(__doc__).parse_args()
    torch.set_num_threads(asked.threads)
    cv2.setNumThreads(asked.threads)
    images = pictures()
    lines = ["| places | cell | ours | OpenCV, a picture at once | ratio | keypoint by keypoint | ratio |"]
    lines += ["|---:|---:|---:|---:|---:|---:|---:|"]
    verdicts, likeness = [], []
    for cell, step in GRIDS:
        points = keypoints(cell, step)
        ours = DenseSIFT(step=step, cells=(cell,), root=False).fit(images)
        sides = {
            OURS: lambda ours=ours: describe(ours, images),
            AT_ONCE: lambda points=points: [opencv(image, points) for image in images],
            LOOP: lambda points=points: [opencv(image, (p,)) for image in images[:_LOOPED] for p in points],
        }
        timings = in_turns(sides, rounds=3 if asked.quick else 30, most_seconds=5 if asked.quick else 45)
        rates = {side: (_LOOPED if side == LOOP else _COUNT) / timings.middle(side) for side in sides}
        ratios = {AT_ONCE: timings.ratio(OURS, AT_ONCE).middle, LOOP: rates[OURS] / rates[LOOP]}
        line = (
            f"| {len(points)} | {cell} | {rates[OURS]:.0f}/s | {rates[AT_ONCE]:.0f}/s | {timings.ratio(OURS, AT_ONCE)}"
        )
        lines.append(f"{line} | {rates[LOOP]:.2f}/s | {ratios[LOOP]:.0f}x |")
        verdicts += [judged(f"{len(points)} places against {side}", ratios[side], MUST[side]) for side in MUST]
        likeness.append(f"- cells of {cell}: mean cosine to OpenCV's descriptors {alike(ours, images, points):.3f}")
    tell("dense_sift", [*lines, "", *verdicts, "", *likeness], asked, PACKAGES)
    return 0


def pictures() -> NDArray[np.uint8]:
    """Return smooth noise (N, 1, 256, 256), with edges everywhere, so that no descriptor is empty."""
    noise = np.random.default_rng(0).normal(size=(_COUNT, _SIDE, _SIDE))
    smooth = np.stack([cv2.GaussianBlur(one, (0, 0), 3) for one in noise])
    return ((smooth - smooth.min()) / np.ptp(smooth) * 255).astype(np.uint8)[:, None]


def keypoints(cell: int, step: int) -> tuple[cv2.KeyPoint, ...]:
    """Return OpenCV's keypoints, upright, at our places, with cells as large as ours."""
    places = centers(_SIDE, cell, step).tolist()
    return tuple(cv2.KeyPoint(column, row, cell / _WIDTH, 0) for row in places for column in places)


def describe(sift: DenseSIFT, images: NDArray[np.uint8]) -> list[NDArray[np.float32]]:
    """Return our descriptors, block by block (n, places, 128)."""
    return [described.vectors for described in sift.describe(images)]


def opencv(image: NDArray[np.uint8], points: tuple[cv2.KeyPoint, ...]) -> NDArray[np.float32]:
    """Return OpenCV's descriptors (places, 128)."""
    return cv2.SIFT_create().compute(image[0], points)[1]


def alike(sift: DenseSIFT, images: NDArray[np.uint8], points: tuple[cv2.KeyPoint, ...]) -> float:
    """Return the mean cosine between our descriptors and OpenCV's, whose directions turn the other way."""
    theirs = opencv(images[0], points).reshape(-1, 4, 4, 8)[..., -np.arange(8)].reshape(-1, 128)
    theirs = theirs / np.linalg.norm(theirs, axis=1, keepdims=True)
    return float((describe(sift, images[:1])[0][0] * theirs).sum(1).mean())


if __name__ == "__main__":
    sys.exit(main())
