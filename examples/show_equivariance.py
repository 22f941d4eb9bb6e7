"""Show what moves with a picture and what does not: writes equivariance.png.

A convolution answers to a shifted picture with its answer shifted; zeros at the border, stride and pooling break that.
"""

from pathlib import Path

from striate.report.equivariance import LAYERS, departure, equivariance, faded
from striate.report.figures import save_png, style
from striate.sources import shapes

picture = shapes.draw(2, size=32, seed=0).pixels
with style():
    save_png(equivariance(picture), Path("equivariance.png"))
print("equivariance.png: a row for each layer")

for name, layer in LAYERS.items():
    left = [departure(layer, faded(picture), (0, columns)) for columns in (1, 2)]
    print(f"{' '.join(name.split())}: {left[0]:.1%} differs after a shift of 1 pixel, {left[1]:.1%} of 2")
