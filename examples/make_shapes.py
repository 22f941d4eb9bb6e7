"""Make pictures whose truth is known to the pixel: a shape each, with its mask, its box and its class.

Writes shapes/NUMBER.png, shapes/NUMBER-mask.png and shapes/table.csv, which `striate train` reads.
"""

import csv
from pathlib import Path

from PIL import Image

import striate
from striate.sources import shapes

FOLDER, COUNT, SIZE, SEED = Path("shapes"), 40, 64, 0

FOLDER.mkdir(exist_ok=True)
with (FOLDER / "table.csv").open("w", newline="", encoding="utf-8") as file:
    lines = csv.writer(file, lineterminator="\n")
    lines.writerow(["path", "label", "left", "top", "right", "bottom"])
    for index in range(COUNT):
        drawing = shapes.draw(index, size=SIZE, seed=SEED)
        name = f"{index:03}.png"
        Image.fromarray(drawing.pixels).save(FOLDER / name)
        Image.fromarray(drawing.mask).save(FOLDER / f"{index:03}-mask.png")
        lines.writerow([name, shapes.CLASSES[drawing.label], *drawing.box])

print(f"{COUNT} pictures of {len(shapes.CLASSES)} shapes in {FOLDER}/, such as a {shapes.CLASSES[drawing.label]}")
print(f"its box (left, top, right, bottom) is {drawing.box}; {drawing.mask.mean():.1%} of the picture is shape")

table = striate.sources.open_table(FOLDER / "table.csv")
print(f"read back: {len(table)} pictures, classes {', '.join(table.classes)}")
