"""From the user's words to a run."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import striate
from striate.core.errors import ClassMismatch, DataError, RecipeError, UnknownName
from striate.sources import open_table
from striate.train.run import Run

FAST = {"epochs": 2, "plan.threads": 1}


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    """Digits 0 to 3 as PNG files, 40 a class, one of them broken."""
    table = open_table("digits")
    assert table.pixels is not None
    for label in range(4):
        folder = tmp_path / "photos" / f"digit {label}"
        folder.mkdir(parents=True)
        for row in np.flatnonzero(table.labels == label)[:40]:
            Image.fromarray(table.pixels[row, :, :, 0]).save(folder / f"{row}.png")
    broken = sorted((tmp_path / "photos" / "digit 2").iterdir())[0]
    broken.write_bytes(broken.read_bytes()[:50])
    return tmp_path / "photos"


def test_a_folder_trains_with_a_named_recipe_and_quarantines_what_is_broken(photos: Path, tmp_path: Path) -> None:
    run = striate.train(photos, out=tmp_path / "run", settings=FAST, quiet=True)
    assert run.recipe.model == "resnet20"
    assert run.recipe.preprocess.size == (8, 8)
    (lost,) = run.data["quarantined"]
    assert lost["picture"].startswith("digit 2/")
    assert lost["reason"]
    side = lost["split"]
    counted = sum(part["pictures"] for part in run.metrics.values())
    assert counted == len(run.split.rows("val")) + len(run.split.rows("test"))
    if side != "train":
        assert run.metrics[side]["unanswered"] == 1


def test_pictures_of_one_class_teach_nothing(photos: Path, tmp_path: Path) -> None:
    for label in (1, 2, 3):
        for file in (photos / f"digit {label}").iterdir():
            file.unlink()
    with pytest.raises(DataError, match=r"'digit 0'; a classifier needs two classes"):
        striate.train(photos, out=tmp_path / "run", quiet=True)
    for file in (photos / "digit 0").iterdir():
        file.write_bytes(b"no picture")
    with pytest.raises(DataError, match="no readable picture to train on"):
        striate.train(photos, out=tmp_path / "run", quiet=True)


@pytest.mark.usefixtures("unreported")
def test_from_with_another_optimizer_or_model_takes_their_own_defaults(photos: Path, tmp_path: Path) -> None:
    base = striate.train(photos, model="linear", out=tmp_path / "a", settings=FAST, quiet=True)
    assert base.recipe.optimizer.name == "adam"
    other = striate.train(base=base.path, out=tmp_path / "b", settings={"optimizer.name": "sgd"}, quiet=True)
    assert other.recipe.optimizer.lr > 10 * base.recipe.optimizer.lr
    model = striate.train(base=base.path, model="perceptron", out=tmp_path / "c", epochs=1, quiet=True)
    assert model.recipe.loss.name == "perceptron"
    assert (model.split.sides == base.split.sides).all()


@pytest.mark.usefixtures("unreported")
def test_an_existing_name_is_never_overwritten(photos: Path, tmp_path: Path) -> None:
    first = striate.train(photos, model="linear", out=tmp_path / "run", settings=FAST, quiet=True)
    second = striate.train(photos, model="linear", out=tmp_path / "run", settings=FAST, quiet=True)
    assert (first.path.name, second.path.name) == ("run", "run-2")


def test_from_repeats_a_run_to_the_bit_and_takes_changes(photos: Path, tmp_path: Path) -> None:
    first = striate.train(photos, model="linear", out=tmp_path / "a", settings={**FAST, "split.salt": 3}, quiet=True)
    again = striate.train(base=first.path, out=tmp_path / "b", quiet=True)
    other = striate.train(base=first.path, out=tmp_path / "c", settings=["seed=2"], quiet=True)
    weights = [(run.path / "checkpoints/last/weights.safetensors").read_bytes() for run in (first, again, other)]
    assert weights[0] == weights[1] != weights[2]
    assert again.recipe == first.recipe
    assert other.recipe.seed == 2
    assert (other.split.sides == first.split.sides).all()


@pytest.mark.usefixtures("unreported")
def test_from_says_that_the_pictures_have_changed(
    photos: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    first = striate.train(photos, model="linear", out=tmp_path / "a", settings=FAST, quiet=True)
    striate.train(base=first.path, out=tmp_path / "b")
    assert "has changed" not in capsys.readouterr().err
    (photos / "digit 3").rename(photos / "digit 4")
    striate.train(base=first.path, out=tmp_path / "c")
    assert f"photos has changed since {first.path} was trained" in capsys.readouterr().err


@pytest.mark.usefixtures("unreported")
def test_from_takes_other_data_with_the_same_recipe(photos: Path, tmp_path: Path) -> None:
    first = striate.train("digits", model="linear", out=tmp_path / "a", settings=FAST, quiet=True)
    other = striate.train(photos, base=first.path, out=tmp_path / "b", quiet=True)
    assert other.recipe.model == "linear"
    assert len(other.classes) == 4


@pytest.mark.usefixtures("unreported")
def test_the_number_of_reading_threads_changes_no_weight(photos: Path, tmp_path: Path) -> None:
    fields = {**FAST, "augment.crop": [0.3, 1.0], "augment.shift": 1}
    runs = [
        striate.train(photos, model="linear", out=tmp_path / f"{n}", settings={**fields, "threads": n}, quiet=True)
        for n in (1, 2, 4)
    ]
    first, *others = [(run.path / "checkpoints/last/weights.safetensors").read_bytes() for run in runs]
    assert others == [first, first]


@pytest.mark.usefixtures("unreported")
def test_data_that_changed_cannot_be_resumed(photos: Path, tmp_path: Path) -> None:
    run = striate.train(photos, model="linear", out=tmp_path / "run", settings=FAST, quiet=True)
    (run.path / "metrics.json").unlink()
    Image.new("L", (8, 8)).save(photos / "digit 1" / "new.png")
    with pytest.raises(DataError, match=r"has changed since .*--from"):
        striate.train(resume=run.path, quiet=True)


@pytest.mark.usefixtures("unreported")
def test_a_split_file_is_honored(photos: Path, tmp_path: Path) -> None:
    first = striate.train(photos, model="linear", out=tmp_path / "a", settings={**FAST, "split.salt": 9}, quiet=True)
    file = first.path / "split.parquet"
    other = striate.train(
        photos, model="linear", out=tmp_path / "b", settings={**FAST, "split.file": str(file)}, quiet=True
    )
    assert (other.split.sides == first.split.sides).all()


def test_what_cannot_be_is_refused_before_anything_is_written(photos: Path, tmp_path: Path) -> None:
    out, file = tmp_path / "run", tmp_path / "file"
    file.write_text("no folder")
    with pytest.raises(UnknownName, match=r"did you mean .*resnet20"):
        striate.train(photos, model="resnet2O", out=out, quiet=True)
    with pytest.raises(RecipeError, match=r"epochs = 0"):
        striate.train(photos, epochs=0, out=out, quiet=True)
    with pytest.raises(RecipeError, match=r"split.val = 2.0"):
        striate.train(photos, out=out, settings={"split.val": 2.0}, quiet=True)
    with pytest.raises(RecipeError, match=r"options.num_classes is settled"):
        striate.train(photos, out=out, settings={"options.num_classes": 5}, quiet=True)
    with pytest.raises(DataError, match=r"cannot make the run directory"):
        striate.train(photos, out=file / "run", model="linear", epochs=1, quiet=True)
    with pytest.raises(RecipeError, match=r"no data named"):
        striate.train(out=out, quiet=True)
    with pytest.raises(DataError, match=r"no run directory|is no run directory"):
        striate.train(resume=tmp_path / "nowhere", quiet=True)
    assert not out.exists()


def _with_validation(photos: Path, root: Path, arrange: Callable[[Path], None]) -> Path:
    for label in range(3):
        for side, part in (("train", slice(0, 30)), ("val", slice(30, 40))):
            folder = root / side / f"digit {label}"
            folder.mkdir(parents=True)
            for file in sorted((photos / f"digit {label}").iterdir())[part]:
                (folder / file.name).write_bytes(file.read_bytes())
    arrange(root)
    return root


def test_a_validation_folder_without_a_class_gives_the_right_numbers(photos: Path, tmp_path: Path) -> None:
    def drop(root: Path) -> None:
        for file in (root / "val" / "digit 0").iterdir():
            file.unlink()
        (root / "val" / "digit 0").rmdir()

    root = _with_validation(photos, tmp_path / "parts", drop)
    run = striate.train(root, out=tmp_path / "run", settings={"epochs": 12, "plan.threads": 1}, quiet=True)
    assert set(run.metrics) == {"val"}
    assert run.metrics["val"]["accuracy"]["value"] > 0.8
    truth = np.array(run.metrics["val"]["confusion"]).sum(1).tolist()
    assert truth == [0, 10, 10]
    assert run.classes == ("digit 0", "digit 1", "digit 2")


def test_a_validation_folder_with_a_new_class_is_an_error_that_names_it(photos: Path, tmp_path: Path) -> None:
    def add(root: Path) -> None:
        (root / "val" / "digit 7").mkdir()
        Image.new("L", (8, 8)).save(root / "val" / "digit 7" / "x.png")

    root = _with_validation(photos, tmp_path / "parts", add)
    with pytest.raises(ClassMismatch, match=r"digit 7"):
        striate.train(root, out=tmp_path / "run", settings=FAST, quiet=True)


@pytest.mark.usefixtures("unreported")
def test_the_run_records_where_everything_came_from(photos: Path, tmp_path: Path) -> None:
    run = striate.train(photos, model="linear", out=tmp_path / "run", settings=FAST, quiet=True)
    environment = json.loads((run.path / "environment.json").read_text())
    assert environment["libraries"]["torch"]
    assert environment["plan"]["precision"] == "float32"
    assert environment["plan"]["device"] in {"cpu", "cuda", "mps"}
    assert Path(run.data["location"]) == photos
    assert isinstance(Run(run.path).recipe.epochs, int)
