"""Make the pictures that the README is followed with: photos/{apple,leaf,sky}, 40 each, and photo.jpg."""

from pathlib import Path

import numpy as np
from PIL import Image

noise = np.random.default_rng(0)
for channel, name in enumerate(("apple", "leaf", "sky")):
    folder = Path("photos", name)
    folder.mkdir(parents=True, exist_ok=True)
    for number in range(40):
        pixels = noise.integers(0, 60, (64, 64, 3), np.uint8)
        pixels[..., channel] += np.uint8(160)  # mostly red, green or blue
        Image.fromarray(pixels).save(folder / f"{number:02}.jpg")
Image.fromarray(pixels).save("photo.jpg")

print("120 pictures in photos/, and photo.jpg")
