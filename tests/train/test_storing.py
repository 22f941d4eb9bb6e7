"""A run reads from a store, says so, and goes on with the same pixels when it is resumed."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import striate
from striate.data.examine import with_hashes
from striate.data.preprocess import Crop
from striate.sources import open_table
from striate.train.loop import Sides
from striate.train.run import Run
from striate.train.storing import open_store

SETTINGS = {"augment.crop": [0.3, 1.0], "epochs": 4, "batch_size": 16, "plan": "reference", "split.test": 0}


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder, random = tmp_path_factory.mktemp("photos"), np.random.default_rng(0)
    for number in range(40):
        (folder / "ab"[number % 2]).mkdir(exist_ok=True)
        Image.fromarray(random.integers(0, 99 + 99 * (number % 2), (80, 100, 3), np.uint8)).save(
            folder / "ab"[number % 2] / f"{number}.jpg"
        )
    return folder


@pytest.fixture
def trained(photos: Path, tmp_path: Path) -> Callable[..., Run]:
    return lambda name, **fields: striate.train(
        str(photos), model="linear", out=tmp_path / name, settings={**SETTINGS, **fields}, quiet=True
    )


def test_a_run_packs_its_training_pictures_and_when_resumed_reads_as_it_began(
    trained: Callable[..., Run], photos: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    table = with_hashes(open_table(photos), quiet=True)
    run = trained("run")
    assert json.loads((run.path / "store.json").read_text())["kind"] == "raw"
    sides = Sides(run.split.rows("train"), run.split.rows("val"))
    packs = Path(striate.data.pack.Wish(table=table, preprocess=run.recipe.preprocess).folder)
    shutil.rmtree(packs)
    store = open_store(run, table, sides)  # filled again, though no epoch is left
    for _ in range(2):
        store.read(sides.train, [Crop(area=0.5, ratio=1, top=0, left=0)] * len(sides.train))
    store.close()
    assert len([pack for pack in packs.iterdir() if pack.is_dir()]) == 1
    assert "warn" not in capsys.readouterr().err
    (run.path / "store.json").write_text(json.dumps({"kind": None, "key": None}))
    assert open_store(run, table, sides)._whole is None
    (run.path / "store.json").write_text(json.dumps({"kind": "jpeg", "key": "0"}))
    open_store(run, table, sides).close()
    assert "may differ a little" in capsys.readouterr().err
