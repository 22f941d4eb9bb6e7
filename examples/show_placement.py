"""Show where the value of one unit belongs in a picture, and where enlarging its map puts it: writes placement.png.

The unit is one of the last stage of a resnet50, in a picture larger than its field. No weights are needed: kernels,
strides and padding alone decide what a unit sees.
"""

from pathlib import Path

from striate.inside.layers import map_layer
from striate.inside.phantom import of_model
from striate.report.figures import save_png, style
from striate.report.placement import WAYS, departure, placement
from striate.sources import shapes

SIDE, UNIT = 544, (8, 8)

layer = map_layer(of_model("resnet50", image_size=SIDE), (3, SIDE, SIDE))
with style():
    save_png(placement(shapes.draw(2, size=SIDE, seed=0).pixels, layer.placed, UNIT), Path("placement.png"))
print("placement.png: what the unit sees, and its value laid on the picture in two ways")

for name, way in WAYS.items():
    down, right = departure(layer.placed, UNIT, way)
    print(f"{layer.name} of resnet50, unit {UNIT}, {name}: {down:.1f} pixels too low, {right:.1f} too far right")
