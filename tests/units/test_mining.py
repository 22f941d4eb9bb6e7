"""What units answer to, found in one pass: against looking at every activation."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from torch import nn

from striate import zoo
from striate.core.errors import DataError, DoesNotApply, RecipeError, UnknownName
from striate.data.preprocess import Preprocess
from striate.data.store import Store
from striate.inside.inspecting import inspecting
from striate.sources import open_table
from striate.units import passing
from striate.units.mining import study
from striate.units.study import LEVELS

LAYERS = ["conv1", "relu#1", "relu#2", "linear"]


def activations(network: nn.Module, store: Store, layer: str) -> np.ndarray:
    """Return (N, K, places) of all pictures of the table, by keeping them all."""
    images, _ = store.read(np.arange(len(store.table)))
    with inspecting(network) as inside, torch.no_grad():
        seen = inside.capture(layer)
        inside.scores(store.preprocess.normalize(torch.from_numpy(images)))
        return seen.output.reshape(len(images), seen.output.shape[1], -1).numpy().copy()


@pytest.mark.parametrize("layer", LAYERS)
def test_streaming_finds_what_looking_at_every_activation_finds(small, store_of, layer) -> None:
    store = store_of(50)
    made = study(small, store, layers=LAYERS, batch=7)
    found, values = made[layer], activations(small, store, layer)
    width = found.places[1]
    maxima = values.max(2)
    for unit in range(found.units):
        order = np.argsort(-maxima[:, unit], kind="stable")[:9]
        assert found.top_rows[unit].tolist() == order.tolist()
        assert np.allclose(found.top_values[unit], maxima[order, unit], atol=1e-5)
        places = values[order, unit].argmax(1)
        assert (found.top_places[unit] == np.stack(np.divmod(places, width), -1)).all()
    everything = values.transpose(1, 0, 2).reshape(found.units, -1).astype(np.float64)
    assert np.allclose(found.minimum, everything.min(1), atol=1e-5)
    assert np.allclose(found.maximum, everything.max(1), atol=1e-5)
    assert np.allclose(found.mean, everything.mean(1), atol=1e-6)
    assert np.allclose(found.std, everything.std(1), atol=1e-6)
    assert (found.zeros == (everything == 0).sum(1)).all()
    assert (found.negatives == (everything < 0).sum(1)).all()
    assert (found.fired == (maxima > 0).sum(0)).all()
    labels = store.table.labels
    for number in range(3):
        assert np.allclose(found.class_maxima[:, number], maxima[labels == number].mean(0), atol=1e-5)
        assert np.allclose(found.class_means[:, number], values[labels == number].mean((0, 2)), atol=1e-5)
    assert np.allclose(found.responses, maxima[found.sample_rows], atol=1e-5)
    assert found.activations == everything.shape[1]


def test_of_few_activations_quantiles_and_correlations_are_those_of_all(small, store_of) -> None:
    store = store_of(50)
    found = study(small, store, layers=["relu#2"])["relu#2"]
    everything = activations(small, store, "relu#2").transpose(1, 0, 2).reshape(8, -1)
    assert found.sampled == everything.shape[1] == 50 * 36
    assert np.allclose(found.quantiles, np.quantile(everything, LEVELS, axis=1).T, atol=1e-5)
    assert np.allclose(found.correlation, np.corrcoef(everything.astype(np.float64)), atol=1e-5, equal_nan=True)


def test_histograms_count_every_activation_of_small_maps(small, store_of) -> None:
    store = store_of(50)
    found = study(small, store, layers=["conv1"])["conv1"]
    everything = activations(small, store, "conv1").transpose(1, 0, 2).reshape(6, -1)
    for unit in range(6):
        expected, _ = np.histogram(everything[unit].astype(np.float64), found.edges(unit))
        assert found.histogram[unit].sum() == everything.shape[1]
        assert np.abs(found.histogram[unit] - expected).sum() <= 4  # two kernels round two values near an edge apart


def test_batches_and_order_of_rows_change_nothing(small, store_of) -> None:
    store, network = store_of(60), small.double()
    rows = np.random.default_rng(2).permutation(60)[:45]
    one = study(network, store, rows, layers=LAYERS)
    other = study(network, store, np.sort(rows), layers=LAYERS, batch=4)
    for layer in LAYERS:
        for name in ("top_rows", "top_places", "top_border", "zeros", "negatives", "histogram", "sample_rows"):
            assert (getattr(one[layer], name) == getattr(other[layer], name)).all(), name
        for name in ("top_values", "mean", "std", "quantiles", "class_maxima", "index", "correlation", "responses"):
            assert np.allclose(getattr(one[layer], name), getattr(other[layer], name), atol=1e-6, equal_nan=True), name


def test_what_a_unit_sees_of_its_top_pictures_alone_makes_it_answer_so(small, store_of) -> None:
    store = store_of(50)
    small.eval()
    found = study(small, store, layers=["conv2"])["conv2"]
    inner = [(unit, rank) for unit in range(8) for rank in range(9) if not found.top_border[unit, rank]]
    assert len(inner) > 20
    images, _ = store.read(np.arange(50))
    pictures = store.preprocess.normalize(torch.from_numpy(images))
    for unit, rank in inner:
        box = found.box(unit, rank)
        assert box is not None
        top, left, bottom, right = box
        alone = torch.randn(1, 3, 12, 12)
        part = (..., slice(top, bottom), slice(left, right))
        alone[part] = pictures[found.top_rows[unit, rank]][part]
        with torch.no_grad():
            maps = small.conv2(small.norm(small.conv1(alone)).relu())
        y, x = found.top_places[unit, rank]
        assert maps[0, unit, y, x].item() == pytest.approx(found.top_values[unit, rank], abs=1e-5)


def test_a_unit_at_the_border_is_told(small, store_of) -> None:
    found = study(small, store_of(50), layers=["conv2"])["conv2"]
    places = found.top_places
    inside = ((places >= 1) & (places <= 5)).all(-1)  # field 5, stride 2, offset 0: units 1 to 5 of 6 begin in 0 to 8
    inside &= (places <= 4).all(-1)  # the last one ends at 13 of 12 pixels
    assert (found.top_border == ~inside).all()
    assert found.border_share == pytest.approx(1 - 16 / 36)


def test_the_network_is_left_as_it_was(small, store_of) -> None:
    small.norm.eval()
    small.conv1.weight.grad = torch.ones_like(small.conv1.weight)
    state = {name: tensor.clone() for name, tensor in small.state_dict().items()}
    modes = [module.training for module in small.modules()]
    random = torch.get_rng_state()
    study(small, store_of(20), layers=LAYERS)
    assert all(torch.equal(state[name], tensor) for name, tensor in small.state_dict().items())
    assert [module.training for module in small.modules()] == modes
    assert all(weight.requires_grad for weight in small.parameters())
    assert small.conv1.weight.grad is not None
    assert not any(module._forward_hooks or module._forward_pre_hooks for module in small.modules())
    assert torch.equal(torch.get_rng_state(), random)


class Stops(Store):
    """A store that is killed after some reads."""

    reads = 0
    most = 10**9

    def read(self, rows, crops=None):
        self.reads += 1
        if self.reads > self.most:
            raise KeyboardInterrupt
        return super().read(rows, crops)


def files(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_a_study_that_was_killed_goes_on_to_the_same_bytes(small, store_of, tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(passing, "SAVED_EVERY", 0)
    whole, killed = (Stops(store_of(50).table, store_of(50).preprocess, threads=1) for _ in range(2))
    study(small, whole, layers=LAYERS, batch=6, place=tmp_path / "whole")
    killed.most = 5
    with pytest.raises(KeyboardInterrupt):
        study(small, killed, layers=LAYERS, batch=6, place=tmp_path / "killed")
    killed.reads, killed.most = 0, 10**9
    study(small, killed, layers=LAYERS, batch=6, place=tmp_path / "killed")
    assert killed.reads < whole.reads == 9
    (one,), (other,) = (list((tmp_path / name).iterdir()) for name in ("whole", "killed"))
    assert one.name == other.name
    assert files(one / "study") == files(other / "study")
    assert [path.name for path in other.iterdir()] == ["study"]


def test_a_study_is_made_once_for_the_same_weights_data_and_settings(small, store_of, tmp_path) -> None:
    store = Stops(store_of(30).table, store_of(30).preprocess, threads=1)
    first = study(small, store, layers=LAYERS, place=tmp_path)
    reads = store.reads
    again = study(small, store, layers=LAYERS, place=tmp_path)
    assert store.reads == reads
    assert (again["relu#2"].top_rows == first["relu#2"].top_rows).all()
    study(small, store, layers=LAYERS, place=tmp_path, seed=1)
    study(small, store, range(29), layers=LAYERS, place=tmp_path)
    study(small, store_of(pixels=255 - store.table.pixels), layers=LAYERS, place=tmp_path)
    with torch.no_grad():
        small.norm.running_mean[0] += 1
    study(small, store, layers=LAYERS, place=tmp_path)
    assert len(list(tmp_path.iterdir())) == 5


def test_a_damaged_study_is_made_anew(small, store_of, tmp_path, capsys) -> None:
    store = store_of(20)
    first = study(small, store, layers=["conv1"], place=tmp_path)
    (folder,) = tmp_path.iterdir()
    (folder / "study" / "study.json").write_text("{")
    again = study(small, store, layers=["conv1"], place=tmp_path, quiet=False)
    assert (again["conv1"].top_rows == first["conv1"].top_rows).all()
    assert "made anew" in capsys.readouterr().err


def test_gray_pictures_and_a_network_of_the_zoo_by_itself() -> None:
    torch.manual_seed(0)
    network = zoo.create("lenet5", in_channels=1, image_size=32, num_classes=10)
    store = Store(open_table("digits"), Preprocess(size=(32, 32), channels=1), threads=1)
    made = study(network, store, range(20))
    assert made.names[-1] == "head"
    assert made["stages.1"].units == 16
    assert made["head.f6"].places == (1, 1)
    assert made.pictures == 20
    assert made.class_counts.sum() == 20


def test_copies_of_a_picture_are_counted_but_fill_no_list(small, store_of) -> None:
    pixels = store_of(10).table.pixels
    made = study(small, store_of(pixels=np.concatenate([pixels, pixels[:4], pixels[:4]])), layers=["conv1"])
    alone = study(small, store_of(pixels=pixels), layers=["conv1"])
    assert made.copies == 8
    assert made["conv1"].pictures == 18
    assert (made["conv1"].top_rows == alone["conv1"].top_rows).all()


def test_pictures_that_cannot_be_read_are_named_and_left_out(small, tmp_path) -> None:
    for number in range(12):
        folder = tmp_path / "data" / "ab"[number % 2]
        folder.mkdir(parents=True, exist_ok=True)
        drawn = np.random.default_rng(number).integers(0, 256, (12, 12, 3), np.uint8)
        Image.fromarray(drawn).save(folder / f"{number:02d}.png")
    (tmp_path / "data" / "a" / "04.png").write_bytes(b"no picture")
    table = open_table(str(tmp_path / "data"))
    store = Store(table, Preprocess(size=(12, 12), mean=(0.5,) * 3, std=(0.5,) * 3), threads=1)
    found = study(small, store, layers=["conv1"], batch=5)
    (row,) = found.unreadable
    assert table.name(row).endswith("04.png")
    assert found.pictures == found["conv1"].pictures == len(found["conv1"].sample_rows) == 11
    assert found["conv1"].sampled == 11 * 144
    assert row not in found["conv1"].top_rows
    with pytest.raises(DataError, match="none of 1 pictures can be read"):
        study(small, store, [row], layers=["conv1"])


def test_numbers_that_are_not_finite_are_refused_with_layer_and_picture(small, store_of) -> None:
    with torch.no_grad():
        small.conv2.weight[3] = torch.inf
    with pytest.raises(DoesNotApply, match=r"conv2 .* picture \d+"):
        study(small, store_of(10), layers=["conv2"])


def test_what_cannot_be_studied_is_said(small, store_of) -> None:
    store = store_of(10)
    with pytest.raises(UnknownName, match="conv1"):
        study(small, store, layers=["conv3"])
    with pytest.raises(DoesNotApply, match="relu#1 or relu#2"):
        study(small, store, layers=["relu"])
    with pytest.raises(RecipeError, match="top = 0"):
        study(small, store, top=0)
    with pytest.raises(DataError, match="10 rows"):
        study(small, store, [3, 10])
    with pytest.raises(DataError, match="no pictures"):
        study(small, store, [])
