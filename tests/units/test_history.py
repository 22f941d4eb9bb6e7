"""The history of units: what each answered to most at each epoch, by another way of counting."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

import striate
from striate.core.errors import DataError, DoesNotApply
from striate.data.preprocess import Preprocess
from striate.data.store import Store
from striate.inside.inspecting import inspecting
from striate.recognize.recognizer import NetworkRecognizer, build
from striate.train.run import Run
from striate.train.snapshots import snapshot
from striate.units.history import Snapshots, history, projections

PREPROCESS = Preprocess(size=(16, 16), channels=1, mean=(0.3,), std=(0.4,))
LAYER, UNITS, ROWS = "stages.1", [3, 0, 9], range(100)


@pytest.fixture(scope="module")
def store() -> Iterator[Store]:
    """The digits, 16 x 16."""
    store = Store(striate.sources.open_table("digits"), PREPROCESS)
    yield store
    store.close()


@pytest.fixture(scope="module")
def networks() -> dict[int, nn.Module]:
    """Two networks, as if of two epochs; unit 9 of the second never fires."""
    made: dict[int, nn.Module] = {}
    for epoch in (2, 5):
        with torch.random.fork_rng():
            torch.manual_seed(epoch)
            made[epoch] = build("lenet5_modern", {}, tuple("0123456789"), PREPROCESS).eval()
    with torch.no_grad():
        layer = next(m for m in made[5].get_submodule(LAYER).modules() if isinstance(m, nn.Conv2d))
        layer.get_parameter("bias")[9] = -1e3
    return made


def _maps(network: nn.Module, store: Store) -> torch.Tensor:
    images, _ = store.read(np.arange(100))
    with inspecting(network) as inside, torch.no_grad():
        seen = inside.capture(LAYER)
        inside.scores(store.preprocess.normalize(torch.from_numpy(images)))
        return seen.output


def test_each_epoch_has_the_picture_and_place_of_its_greatest_activation(
    networks: dict[int, nn.Module], store: Store
) -> None:
    found = history(networks, store, LAYER, UNITS, rows=ROWS)
    assert found.epochs == (2, 5)
    for moment, epoch in enumerate(found.epochs):
        maps = _maps(networks[epoch], store)
        for place, unit in enumerate(UNITS[:2]):
            row, (y, x) = int(found.rows[moment, place]), found.places[moment, place].tolist()
            assert found.values[moment, place] == pytest.approx(float(maps[:, unit].max()), rel=1e-5)
            assert float(maps[row, unit, y, x]) == pytest.approx(float(maps[:, unit].max()), rel=1e-5)
            assert found.box(moment, place) == found.layer.placed.box(y, x)
    assert found.rows[1, 2] == -1
    assert np.isnan(found.values[1, 2])
    assert found.box(1, 2) is None
    assert found.jumps[0, 2]


def test_projections_are_of_the_top_places_and_stay_in_their_fields(
    networks: dict[int, nn.Module], store: Store
) -> None:
    found = history(networks, store, LAYER, UNITS, rows=ROWS)
    made = projections(found, networks, store)
    assert made.shape == (2, 3, 1, 16, 16)
    assert np.isnan(made[1, 2]).all()
    for moment, place in ((0, 0), (0, 1), (0, 2), (1, 0), (1, 1)):
        box = found.box(moment, place)
        assert box is not None
        top, left, bottom, right = box
        inside = made[moment, place, :, top:bottom, left:right]
        assert np.abs(inside).sum() > 0
        assert np.abs(made[moment, place]).sum() == pytest.approx(np.abs(inside).sum())


def test_units_that_are_not_there_are_refused(networks: dict[int, nn.Module], store: Store) -> None:
    with pytest.raises(DoesNotApply, match="has the units 0 to 15"):
        history(networks, store, LAYER, [16], rows=range(8))


def test_snapshots_of_a_run_are_read_one_by_one(tmp_path: Path, networks: dict[int, nn.Module]) -> None:
    (tmp_path / "recipe.toml").touch()
    with pytest.raises(DataError, match=r"kept no snapshots.*--set snapshots=0,1,2,5"):
        Snapshots(Run(tmp_path))
    for epoch, network in networks.items():
        recognizer = NetworkRecognizer("lenet5_modern", {}, network, tuple("0123456789"), PREPROCESS)
        recognizer.save(snapshot(tmp_path, epoch))
    kept = Snapshots(Run(tmp_path))
    assert list(kept) == [2, 5]
    state = networks[5].state_dict()
    assert all(torch.equal(weight, state[name]) for name, weight in kept[5].state_dict().items())
