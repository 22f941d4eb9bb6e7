"""Show what each augmentation does to a picture: writes augmentation.png.

Usage: python show_augmentations.py [PICTURE [PARTNER]]; the partner is what the picture is mixed with. Without a name,
scikit-learn's sample photos are taken, both CC BY: a pavilion (by "ultimatefish") and a flower (by "dany13").
"""

import sys
from pathlib import Path

import numpy as np
from PIL import Image
from sklearn.datasets import load_sample_image

from striate.data.augment import Augment, draw
from striate.data.preprocess import Preprocess
from striate.report.augmentation import augmentations
from striate.report.figures import save_png, style

place = Preprocess(size=(160, 200), mean=(0.5,) * 3, std=(0.5,) * 3).place
names = sys.argv[1:3]
if names:
    picture, partner = (place(np.asarray(Image.open(name).convert("RGB"))) for name in (names[0], names[-1]))
else:
    picture, partner = (place(load_sample_image(name)) for name in ("china.jpg", "flower.jpg"))

with style():
    save_png(augmentations(picture, partner), Path("augmentation.png"))
print("augmentation.png: a row for each kind, what was drawn under each picture")

draws = draw(Augment(rotation=30, brightness=0.5), seed=0, epoch=1, positions=np.arange(3))
print(f"picture 0 of epoch 1 under seed 0: {draws.describe(0)}")
print("its move, output pixel to input pixel:", np.round(draws.geometry((160, 200))[0], 3).tolist())
