"""Train on a folder of pictures and read the verdict, class by class.

Usage: python train_on_a_folder.py [FOLDER], with one folder a class inside. Without a name, one is made: `made/`, with
the handwritten digits 0 to 3 that scikit-learn brings along.
"""

import sys
from pathlib import Path

from PIL import Image

import striate


def make(folder: Path) -> Path:
    """Write FOLDER/DIGIT/NUMBER.png for the digits 0 to 3."""
    table = striate.sources.open_table("digits")
    for row in range(len(table)):
        name = table.classes[table.labels[row]]
        if name in "0123":
            (folder / name).mkdir(parents=True, exist_ok=True)
            Image.fromarray(table.pixels[row, :, :, 0]).save(folder / name / f"{row:04}.png")
    return folder


folder = Path(sys.argv[1]) if len(sys.argv) > 1 else make(Path("made"))
run = striate.train(folder, model="lenet5_modern", epochs=5)

accuracy = run.metrics["test"]["accuracy"]
print(f"right on {accuracy['value']:.1%} of the test pictures ({accuracy['low']:.1%} to {accuracy['high']:.1%})")
for entry in run.metrics["test"]["per_class"]:
    recall = entry["recall"]
    limits = f"{recall['low']:.1%} to {recall['high']:.1%}"
    print(f"  {entry['class']}: {recall['value']:.1%} of {entry['pictures']} ({limits})")
print(f"open {run.path / 'report.html'} in a browser")
