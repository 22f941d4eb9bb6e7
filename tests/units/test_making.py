"""What is made beside the patches: within a budget, by the right rule, or left out with the reason."""

from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

import striate
from striate.data.preprocess import Preprocess
from striate.data.store import Store
from striate.recognize.recognizer import NetworkRecognizer
from striate.units import making, map_page, told
from striate.units.looking import Looking, Wish, rule_for
from striate.units.making import Making
from striate.units.mining import study
from striate.units.windows import window


def network(act: type[nn.Module] = nn.ReLU, pool: type[nn.Module] = nn.MaxPool2d) -> nn.Sequential:
    torch.manual_seed(0)
    first = [nn.Conv2d(1, 4, 3, padding=1), act(), pool(2)]
    return nn.Sequential(*first, nn.Conv2d(4, 6, 3), act(), nn.Flatten(), nn.Linear(24, 10))


@pytest.fixture
def look():
    stores = []

    def of(module: nn.Module, layers: list[str], **wish: object) -> Looking:
        table = striate.sources.open_table("digits")
        preprocess = Preprocess(size=8, channels=1)
        store = Store(table, preprocess)
        stores.append(store)
        found = study(module, store, np.arange(60), layers=layers)
        recognizer = NetworkRecognizer("small", {}, module, table.classes, preprocess)
        rule = rule_for(module, (1, 8, 8))
        chosen = Wish(layers=layers, **wish)
        return Looking("small", "digits", recognizer, store, found, str, table.labels, "study", chosen, rule)

    yield of
    for store in stores:
        store.close()


def test_max_pooling_is_followed_by_its_switches_and_strides_by_guided_backpropagation():
    assert rule_for(network(), (1, 8, 8)) == "deconvnet"
    assert rule_for(network(pool=nn.AvgPool2d), (1, 8, 8)) == "guided"


def test_everything_is_made_where_it_is_cheap(look):
    looking = look(network(), ["1"])
    made = Making(looking)(looking.study["1"])
    assert made.projections == 9
    assert made.synthetic.shape == (4, 3, 3, 1), "what the unit sees"
    assert made.left_out == ""


def test_what_costs_too_much_is_left_out_and_said_with_how_to_get_it(look, monkeypatch):
    monkeypatch.setattr(making, "BUDGET", 1e5)
    looking = look(network(), ["1"])
    made = Making(looking)(looking.study["1"])
    assert made.projections < 9
    assert made.synthetic is None
    assert "--projections 9" in made.left_out
    assert "--synthetic" in made.left_out


def test_a_wish_is_followed_whatever_it_costs(look, monkeypatch):
    monkeypatch.setattr(making, "BUDGET", 0.0)
    looking = look(network(), ["1"], projections=2, synthetic=False)
    made = Making(looking)(looking.study["1"])
    assert (made.projections, made.synthetic, made.left_out) == (2, None, "")


def test_units_behind_other_nonlinearities_are_not_projected_and_the_page_says_why(look):
    looking = look(network(act=nn.Tanh), ["1"], synthetic=False)
    made = Making(looking)(looking.study["1"])
    assert made.projections == 0
    assert "deconvnet is defined for ReLU, and this network uses tanh" in made.left_out


def test_a_first_layers_weights_are_pictures_and_a_deeper_ones_kernels(look):
    looking = look(network(), ["0", "3"], synthetic=False, projections=0, units=[3, 1])
    first, second = (Making(looking)(found) for found in looking.study)
    assert first.weights_told[0] == "filter"
    assert first.weights.shape == (2, 3, 3, 1)
    assert second.weights_told[0] == "kernels"
    kernels = looking.recognizer.network[3].weight.detach()
    strongest = max(range(4), key=lambda unit: float(kernels[1, unit].norm()))
    assert second.wires[0]["inputs"][0][:2] == ["0.html", strongest]


def test_what_is_told_of_a_unit_is_plain_and_finite(look):
    looking = look(network(), ["1", "6"])
    for found in looking.study:
        for unit in told.units(found, range(found.units), window(found.layer, (8, 8))):
            assert sum(unit["hist"]) == found.histogram[unit["k"]].sum()
            assert unit["range"][0] <= unit["max"] <= unit["range"][1] + 1e-6
            assert [entry["value"] for entry in unit["top"]] == sorted(
                (entry["value"] for entry in unit["top"]), reverse=True
            )
    assert told.number(float("nan")) is None


def test_the_map_has_a_row_for_each_layer(look):
    looking = look(network(), ["1", "6"])
    rows = map_page.rows(looking)
    assert [(row["name"], row["gives"], row["sees"]) for row in rows] == [
        ("1", "4 x 8 x 8", "3 x 3"),
        ("6", "10", "all"),
    ]
    assert map_page.cautions(looking) == []
    assert "14 units in 2 layers of small" in map_page.lead(looking)


def test_pages_are_whole_or_not_there(look, tmp_path: Path):
    from striate.units import pages

    looking = look(network(), ["1"])

    def fail(_found: object) -> None:
        raise RuntimeError("in the middle")

    with pytest.raises(RuntimeError):
        pages.write(tmp_path / "units", looking, fail, quiet=True)
    assert list(tmp_path.iterdir()) == []
