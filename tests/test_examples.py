"""Every example runs as it is, from an empty folder, and prints what it promises."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

EXAMPLES = Path(__file__).parents[1] / "examples"
MOST_LINES = 60
PERCENT = r"\d+\.\d%"

PRINTS = {  # what must be among the lines that the script prints
    "train_on_a_folder": [
        rf"right on {PERCENT} of the test pictures \({PERCENT} to {PERCENT}\)",
        rf"  3: {PERCENT} of \d+ \({PERCENT} to {PERCENT}\)",
        r"open runs/made-lenet5_modern/report\.html in a browser",
    ],
    "repeat_a_run": [
        r"the same recipe gives the same weights: True",
        r"other seeds are measured on the same test pictures: True",
        rf"seed 2: {PERCENT} \({PERCENT} to {PERCENT}\)",
    ],
    "resume_a_stopped_run": [
        r"killed before its end: True",
        r"resumed; its weights are those of the run that was never stopped: True",
        r"so are its numbers: True",
    ],
    "predict_with_a_saved_recognizer": [
        r"saved: recognizer\.json, weights\.safetensors",
        r"digits\[\d+\]: \d with probability [01]\.\d\d",
        r"\d+ of 248 pictures answered with probability 0\.95 or more, \d+ of them rightly",
    ],
    "make_photos": [r"120 pictures in photos/, and photo\.jpg"],
    "show_augmentations": [
        r"augmentation\.png: a row for each kind, what was drawn under each picture",
        r"picture 0 of epoch 1 under seed 0: \{'rotation': '[+-]\d+°', 'brightness': '[01]\.\d\d'\}",
        r"its move, output pixel to input pixel: \[\[.*\]\]",
    ],
    "show_equivariance": [
        r"equivariance\.png: a row for each layer",
        r"convolution, closed to a ring: 0\.0% differs after a shift of 1 pixel, 0\.0% of 2",
        r"convolution of stride 2: [1-9]\d\.\d% differs after a shift of 1 pixel, 0\.0% of 2",
    ],
    "show_placement": [
        r"placement\.png: what the unit sees, and its value laid on the picture in two ways",
        r"stages\.3 of resnet50, unit \(8, 8\), placed: 0\.0 pixels too low, 0\.0 too far right",
        r"stages\.3 of resnet50, unit \(8, 8\), enlarged: 15\.5 pixels too low, 15\.5 too far right",
    ],
    "make_shapes": [
        r"40 pictures of 10 shapes in shapes/, such as a \w+",
        r"its box \(left, top, right, bottom\) is \(\d+, \d+, \d+, \d+\); \d+\.\d% of the picture is shape",
        r"read back: 40 pictures, classes arrow, circle, .*, triangle",
    ],
    "read_the_metrics": [
        r"accuracy: 0\.\d{3}, 0\.\d{3} to 0\.\d{3} by wilson",
        r"the confusion matrix too: True",
        r"a close call: picture \d+, of class \d",
    ],
}
SCRIPTS = sorted(EXAMPLES.glob("*.py"))


@pytest.fixture(scope="module")
def printed(tmp_path_factory: pytest.TempPathFactory):
    """Give what a script prints, run once in a folder of its own, and that folder."""
    known: dict[str, tuple[str, Path]] = {}

    def run(name: str) -> tuple[str, Path]:
        if name not in known:
            folder = tmp_path_factory.mktemp(name)
            ended = subprocess.run(
                [sys.executable, str(EXAMPLES / f"{name}.py")],
                cwd=folder,
                env={**os.environ, "OMP_NUM_THREADS": "1", "STRIATE_CACHE": str(folder / "cache")},
                capture_output=True,
                text=True,
                timeout=300,
                check=False,
            )
            assert ended.returncode == 0, ended.stderr
            known[name] = ended.stdout, folder
        return known[name]

    return run


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: script.stem)
def test_an_example_prints_what_it_promises(script, printed):
    text, _ = printed(script.stem)
    for pattern in PRINTS[script.stem]:
        assert re.search(f"^{pattern}$", text, re.MULTILINE), f"no line {pattern} in\n{text}"


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: script.stem)
def test_an_example_is_short(script):
    lines = len(script.read_text(encoding="utf-8").splitlines())
    assert lines <= MOST_LINES


def test_the_folder_example_learns_something(printed):
    text, _ = printed("train_on_a_folder")
    assert float(re.search(r"right on (\d+\.\d)%", text)[1]) > 80


def test_numbers_read_from_the_files_are_those_computed_again(printed):
    text, _ = printed("read_the_metrics")
    told = re.search(r"^accuracy: (0\.\d{3})", text, re.MULTILINE)[1]
    again = re.search(r"from predictions\.parquet: (0\.\d{3}) of 248", text)[1]
    assert told == again


def test_made_masks_lie_in_their_boxes(printed):
    _, folder = printed("make_shapes")
    lines = (folder / "shapes" / "table.csv").read_text(encoding="utf-8").splitlines()
    assert len(lines) == 41
    for line in lines[1:]:
        name, _, *box = line.split(",")
        mask = Image.open(folder / "shapes" / name.replace(".png", "-mask.png"))
        assert mask.getbbox() == tuple(map(int, box))
