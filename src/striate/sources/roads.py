"""Roads: made pictures for ALVINN's retina, 30 x 32, of a road seen from a car, with the direction to steer.

Pomerleau (1991, https://doi.org/10.1162/neco.1991.3.1.88) showed his network what a driver saw and did. Here road and
driver are made: on flat ground the road's middle lies, z meters ahead, at x(z) = offset + heading z + curvature z^2 / 2
meters to the right, and the driver steers along the arc that meets the middle AHEAD meters on (pure pursuit).
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from striate.core.seeds import generator
from striate.data.table import Table, picture_columns
from striate.sources.options import require_range

HEIGHT, WIDTH = 30, 32
DIRECTIONS = np.arange(30) - 14.5  # degrees that the front wheels turn, to the left where negative
CLASSES = tuple(f"{'left' if degrees < 0 else 'right'} {abs(degrees)} deg" for degrees in DIRECTIONS)

AHEAD = 10.0  # meters to the point that the driver aims for
_WHEELBASE = 3.0  # meters between the axles
_CAMERA_HEIGHT, _FOCAL, _HORIZON = 2.2, 30.0, 3.0  # meters, pixels, row of the horizon where the car does not pitch
_SAMPLES = 4  # a side, in every pixel, as the road's edges are finer than pixels far away
_FARTHEST = 60.0  # meters; beyond, everything is haze

Plane = NDArray[np.float64]


@dataclass(frozen=True)
class Road:
    """Where the road's middle lies: x(z) = offset + heading z + curvature z^2 / 2, in meters to the right."""

    offset: float
    heading: float
    curvature: float

    def middle(self, z: Plane) -> Plane:
        """Return x for each distance ahead."""
        return self.offset + self.heading * z + self.curvature * z**2 / 2


def read(location: Path | None = None, *, count: int = 1200, seed: int = 0) -> Table:  # noqa: ARG001
    """Make `count` pictures; the first ones are the same whatever the count.

    Args:
        location: not used; nothing is read.
        count: how many pictures; directions are equally frequent in every 30 that follow each other.
        seed: another seed makes other pictures.

    Raises:
        DataError: an option is out of range.
    """
    require_range("roads", "count", count, 1, 2_000_000)
    pictures = [draw(index, seed=seed) for index in range(count)]
    labels = np.array([label for _, label in pictures], np.int64)
    pixels = np.stack([pixels for pixels, _ in pictures])[..., None]
    return Table(picture_columns(labels), CLASSES, "roads", f"roads?count={count}&seed={seed}", pixels=pixels)


def draw(index: int, *, seed: int) -> tuple[NDArray[np.uint8], int]:
    """Draw picture `index`, a function of the arguments alone.

    Returns:
        Pixels (30, 32) and the label, an index into CLASSES.
    """
    places = generator("roads directions", seed, index // len(CLASSES)).permutation(len(CLASSES))
    label = int(places[index % len(CLASSES)])
    random = generator("roads", seed, index)
    road = _road(random, DIRECTIONS[label] + random.uniform(-0.5, 0.5))
    return _seen(random, road), label


def steering(road: Road) -> float:
    """Return how far the front wheels turn to meet the road's middle AHEAD meters on, in degrees, right positive."""
    aside = float(road.middle(np.array(AHEAD)))
    curvature = 2 * aside / (AHEAD**2 + aside**2)  # of the arc that leaves straight ahead and meets the point
    return float(np.degrees(np.arctan(_WHEELBASE * curvature)))


def _road(random: np.random.Generator, degrees: float) -> Road:
    """Draw a road on which the driver steers `degrees`: a bend, a car off the middle, a car askew, in any mixture."""
    curvature = np.tan(np.radians(degrees)) / _WHEELBASE
    # the point at AHEAD on that arc; from the quadratic in `steering`, the nearer solution
    aside = curvature * AHEAD**2 / (1 + np.sqrt(1 - (curvature * AHEAD) ** 2))
    shares = random.dirichlet((1.5, 1.0, 1.5)) * aside
    offset, turn = random.uniform(-0.8, 0.8), random.uniform(-1.0, 1.0)
    bend = -offset - turn  # the three draws cancel at AHEAD
    return Road(
        offset=shares[0] * 0.5 + offset,
        heading=(shares[1] + shares[0] * 0.5 + turn) / AHEAD,
        curvature=2 * (shares[2] + bend) / AHEAD**2,
    )


def _seen(random: np.random.Generator, road: Road) -> NDArray[np.uint8]:
    """Return the road as the camera sees it, with light, shadows, markings and noise drawn from `random`."""
    rows = (np.arange(HEIGHT * _SAMPLES) + 0.5) / _SAMPLES
    columns = (np.arange(WIDTH * _SAMPLES) + 0.5) / _SAMPLES - WIDTH / 2
    below = rows - (_HORIZON + random.uniform(-1, 1))
    z = np.clip(_CAMERA_HEIGHT * _FOCAL / np.maximum(below, 1e-3), 0, _FARTHEST)[:, None]
    x = columns[None, :] * z / _FOCAL
    ground = _ground(random, x, x - road.middle(z), z)
    haze, sky = random.uniform(0.4, 0.7), random.uniform(0.6, 0.95)
    scene = np.where(below[:, None] > 0, haze + (ground - haze) * np.exp(-z / 60), sky)
    light = 1 + random.uniform(-0.2, 0.2) * columns[None, :] / WIDTH
    small = (scene * light).reshape(HEIGHT, _SAMPLES, WIDTH, _SAMPLES).mean((1, 3))
    noise = random.normal(0, random.uniform(0.01, 0.04), small.shape)
    pixels: NDArray[np.uint8] = np.rint(np.clip(small + noise, 0, 1) * 255).astype(np.uint8)
    return pixels


def _ground(random: np.random.Generator, x: Plane, across: Plane, z: Plane) -> Plane:
    """Return how bright each point is that lies `x` to the right, `across` from the road's middle and `z` ahead."""
    half = random.uniform(1.7, 2.4)
    verge = random.uniform(0.2, 0.5)
    asphalt = verge + random.uniform(0.15, 0.4)  # in the blue band, which ALVINN saw, plants are darker than asphalt
    rough = random.uniform(0.02, 0.08) * np.sin(x * random.uniform(1, 3) + 2 * np.sin(z * random.uniform(0.5, 2)))
    brightness = np.where(np.abs(across) < half, asphalt, verge + rough)
    paint = asphalt + random.uniform(0.15, 0.35)
    if random.uniform() < 0.5:
        brightness = np.where(np.abs(np.abs(across) - half + 0.25) < 0.1, paint, brightness)
    if random.uniform() < 0.5:
        dashes = (z + random.uniform(0, 6)) % 6 < 3
        brightness = np.where((np.abs(across) < 0.1) & dashes, paint, brightness)
    for _ in range(random.integers(0, 3)):  # shadows of trees or houses lie across road and verge alike
        near, slant = random.uniform(3, 25), random.uniform(-0.8, 0.8)
        band = np.abs(z - near - slant * x) < random.uniform(0.3, 2)
        brightness = np.where(band, brightness * random.uniform(0.5, 0.8), brightness)
    return brightness
