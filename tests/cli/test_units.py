"""`striate units` as a user calls it."""

import json

import pytest

from striate.train.begin import Request, begin


@pytest.fixture(scope="module")
def run(tmp_path_factory) -> str:
    out = tmp_path_factory.mktemp("runs") / "digits"
    settings = {"epochs": 1, "plan.threads": 1, "store": "none"}
    begin(Request(data="digits", model="lenet5_modern", out=out, settings=settings, quiet=True))
    return str(out)


def test_it_says_what_was_found_and_where_the_pages_are(run, call, tmp_path):
    told = call("units", run, "--layer", "stages.1", "--out", str(tmp_path / "looked"), "--no-synthetic")
    assert told.status == 0
    assert "stages.1  16" in told.output
    assert f"pages: {tmp_path / 'looked' / 'index.html'}" in told.output
    assert (tmp_path / "looked" / "index.html").is_file()


def test_json_is_one_document_with_every_unit(run, call, tmp_path):
    told = call("units", run, "--layer", "stages.1", "--out", str(tmp_path / "looked"), "--no-synthetic", "--json")
    found = json.loads(told.output)
    assert [layer["layer"] for layer in found["layers"]] == ["stages.1"]
    units = found["layers"][0]["units"]
    assert [unit["unit"] for unit in units] == list(range(16))
    assert all(unit["top"][0]["value"] == unit["largest"] for unit in units if unit["top"])


def test_one_unit_is_one_unit(run, call, tmp_path):
    told = call("units", run, "--layer", "stages.1", "--unit", "6", "--out", str(tmp_path / "one"), "--json")
    assert [unit["unit"] for unit in json.loads(told.output)["layers"][0]["units"]] == [6]
    page = (tmp_path / "one" / "layers" / "stages.1.html").read_text(encoding="utf-8")
    assert "stages.1: 1 of 16 units" in page


def test_a_part_of_other_pictures_is_refused(run, call):
    told = call("units", run, "digits", "--part", "train")
    assert told.status == 2
    assert "part = train is of the run's own pictures" in told.errors


def test_a_unit_without_its_layer_is_refused(run, call):
    told = call("units", run, "--unit", "3")
    assert told.status == 2
    assert "--unit 3: of which layer?" in told.errors


def test_an_unknown_layer_offers_the_nearest(run, call):
    told = call("units", run, "--layer", "stage.1")
    assert told.status == 2
    assert "did you mean stages.1" in told.errors
