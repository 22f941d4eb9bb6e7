import re
from pathlib import Path

import pytest

from striate.report.models_page import PICTURES, page, pictures, write
from striate.zoo.catalog import MODELS
from striate.zoo.published import PUBLISHED

DOCS = Path(__file__).parents[2] / "docs"
STALE = "stale: run `python -m striate.report.models_page docs/models.md`"


@pytest.fixture(scope="module")
def written():
    return page()


@pytest.fixture(scope="module")
def drawn():
    return pictures()


def test_docs_models_is_what_the_catalog_says(written):
    assert (DOCS / "models.md").read_text() == written, STALE


def test_the_pictures_beside_it_are_what_the_code_draws(drawn):
    files = {file.name: file.read_text() for file in (DOCS / PICTURES).iterdir()}
    assert set(files) == set(drawn), STALE
    assert [name for name, picture in drawn.items() if files[name] != picture] == [], STALE


def test_the_pictures_are_small(drawn):
    assert sum(map(len, drawn.values())) < 500_000


def test_the_page_shows_every_picture_and_no_other(written, drawn):
    assert sorted(re.findall(rf"\]\({PICTURES}/(\S+)\)", written)) == sorted(drawn)


def test_the_page_names_every_model_with_its_numbers(written):
    for row in MODELS.values():
        assert f"| `{row.name}` | {row.year} |" in written
        assert f"| {row.parameters:,} | {row.macs:,} | {row.depth:,} |" in written


def test_the_page_says_what_options_take_and_what_they_are_by_default(written):
    assert "option `pool` (of lenet5_modern): max or average; by default max" in written
    assert "option `dropout`: a number from 0 up to, but not including, 1; by default 0.0, 0.5 for mlp" in written


def test_every_result_is_on_the_page_with_its_protocol_and_source(written):
    lines = [line for line in written.splitlines() if line.endswith("|")]
    for name, results in PUBLISHED.items():
        for result in results:
            end = f"| {result.protocol} | {result.training} | {result.source} |"
            assert any(line.startswith(f"| `{name}` | {result.data} |") and line.endswith(end) for line in lines)


def test_the_lineage_names_every_model_in_order_of_time(written):
    table = written.partition("| year | family |")[2].partition("\n\n")[0].splitlines()[2:]
    years = [int(line.split("|")[1]) for line in table]
    assert years == sorted(years)
    assert sorted(name for line in table for name in re.findall("`(.*?)`", line)) == sorted(MODELS)


def test_writing_removes_pictures_that_are_drawn_no_more(tmp_path, written, monkeypatch):
    monkeypatch.setattr("striate.report.models_page.pictures", lambda: {"new.svg": "<svg/>"})
    folder = tmp_path / PICTURES
    folder.mkdir(parents=True)
    (folder / "old.svg").write_text("<svg/>")
    write(tmp_path / "models.md")
    assert [file.name for file in folder.iterdir()] == ["new.svg"]
    assert (tmp_path / "models.md").read_text() == written
