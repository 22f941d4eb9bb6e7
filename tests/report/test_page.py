"""The page as a reader gets it: parsed, never searched as text where markup could hide."""

import json
import shutil
import subprocess
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from striate.core.errors import DataError
from striate.report.contents import Extras
from striate.report.page import write

FIGURES = {
    "loss_iterations", "accuracy_iterations", "loss_epochs", "accuracy_epochs", "learning_rate", "confusion",
    "reliability", "reliability_scaled", "coverage", "first_layer", "augmented",
    "samples", "worst_errors", "least_sure",
}  # fmt: skip
VOID = {"meta", "link", "img", "br", "col", "input", "hr"}


class Page(HTMLParser):
    """The page's elements with their attributes, its text without scripts and styles, and what is in its scripts."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str]]] = []
        self.words: list[str] = []
        self.scripts: dict[str, str] = {}
        self.styles = ""
        self.open: list[tuple[str, dict[str, str]]] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attrs):
        element = (tag, {name: value or "" for name, value in attrs})
        self.elements.append(element)
        if tag not in VOID:
            self.open.append(element)

    def handle_startendtag(self, tag, attrs):
        self.elements.append((tag, {name: value or "" for name, value in attrs}))

    def handle_endtag(self, tag):
        while self.open and self.open.pop()[0] != tag:
            pass

    def handle_data(self, data):
        tag, attributes = self.open[-1] if self.open else ("", {})
        if tag == "script":
            self.scripts[attributes.get("id", "")] = data
        elif tag == "style":
            self.styles += data
        else:
            self.words.append(data)

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.words).split())

    def attributes(self, name: str) -> list[str]:
        return [attributes[name] for _, attributes in self.elements if name in attributes]

    @property
    def cells(self) -> dict:
        return json.loads(self.scripts["cells"])


def headline(page: Page) -> str:
    return page.text.split("interval")[0]


@pytest.mark.parametrize("run", ["digits_run", "hostile_run", "perfect_run", "untested_run", "many_run"])
def test_the_page_needs_nothing_from_outside(run, request):
    page = Page(request.getfixturevalue(run).page)
    links = page.attributes("src") + page.attributes("href") + page.attributes("xlink:href")
    assert links
    assert [link[:40] for link in links if not link.startswith(("data:", "#"))] == []
    assert "url(" in page.styles or run in {"perfect_run", "untested_run"}
    assert page.styles.count("url(") == page.styles.count('url("data:')
    assert "@import" not in page.styles
    assert "http" not in "".join(page.attributes("style"))


@pytest.mark.parametrize("run", ["digits_run", "hostile_run", "many_run"])
def test_every_identifier_is_used_once_and_every_reference_is_answered(run, request):
    page = Page(request.getfixturevalue(run).page)
    identifiers = page.attributes("id")
    assert len(identifiers) == len(set(identifiers))
    asked = [link[1:] for link in page.attributes("href") + page.attributes("xlink:href") if link.startswith("#")]
    asked += [name for kind in ("aria-controls", "aria-labelledby") for name in page.attributes(kind)]
    assert set(asked) <= set(identifiers)


def test_the_headline_gives_the_accuracy_and_its_interval(digits_run):
    measured = digits_run.metrics()
    accuracy, lost = measured["accuracy"], measured["unanswered"]
    text = Page(digits_run.page).text.replace("\u202f", " ")
    said = f"lenet5_modern is right on {accuracy['value'] * 100:.1f} % of {measured['pictures']} test pictures"
    assert lost > 0
    unread = f"{lost} of them unreadable and counted as wrong"
    interval = f"95 % interval {accuracy['low'] * 100:.1f} to {accuracy['high'] * 100:.1f} %"
    assert f"{said}, {unread} ({interval})." in text


def test_without_a_test_part_the_headline_says_validation_used_for_selection(hostile_run):
    page = Page(hostile_run.page)
    assert "of validation, used for selection" in headline(page)
    assert "There was no test part." in page.text


def test_without_held_out_pictures_the_page_claims_nothing(untested_run):
    page = Page(untested_run.page)
    assert "nothing is known about new ones" in page.text
    assert "Confusion matrix" not in page.text
    assert "interval" not in page.text.split("Data")[0]


def test_names_that_mean_harm_stay_text(hostile_run):
    page = Page(hostile_run.page)
    assert sum(tag == "script" for tag, _ in page.elements) == 2  # the cells and our own
    allowed = sum(tag == "b" for tag, _ in Page(hostile_run.page.replace(hostile_run.classes[1], "")).elements)
    assert sum(tag == "b" for tag, _ in page.elements) == allowed
    assert not [name for _, attributes in page.elements for name in attributes if name.startswith("on")]
    for name in hostile_run.classes:
        assert name in page.text
    assert page.cells["classes"] == list(hostile_run.classes)
    assert "</script" not in hostile_run.page.split('id="cells">')[1].split("</script>")[0]


@pytest.mark.parametrize("run", ["digits_run", "hostile_run"])
def test_every_cell_opens_the_pictures_that_the_predictions_put_there(run, request):
    made = request.getfixturevalue(run)
    part = "test" if run == "digits_run" else "val"
    confusion = made.metrics(part)["confusion"]
    found = Page(made.page).cells["cells"]
    filled = {f"{t},{a}" for t, row in enumerate(confusion) for a, count in enumerate(row) if count}
    assert set(found) == filled
    for key, cell in found.items():
        truth, answer = map(int, key.split(","))
        assert cell["total"] == confusion[truth][answer]
        assert len(cell["pictures"]) == min(24, cell["total"])
        rows = [int(name.split("/")[-1][:5]) for *_, name in cell["pictures"]]
        assert set(made.labels[rows]) == {truth}
        assert set(made.scores[rows].argmax(axis=1)) == {answer}
        assert set(made.sides[rows]) == {part}
        chances = [chance for _, chance, _ in cell["pictures"]]
        assert chances == sorted(chances, reverse=truth != answer)


def test_a_tile_of_the_page_is_the_picture_it_stands_for(digits_run):
    from base64 import b64decode
    from io import BytesIO

    page = Page(digits_run.page)
    sheets = [part.split('"')[0] for part in page.styles.split('background-image: url("data:image/png;base64,')[1:]]
    pixels = [np.asarray(Image.open(BytesIO(b64decode(sheet)))) for sheet in sheets]
    cell = next(cell for key, cell in page.cells["cells"].items() if len(set(key.split(","))) == 2)
    for tile, _, name in cell["pictures"]:
        row = int(name.split("/")[-1][:5])
        y, x = tile % 256 // 16 * 8, tile % 16 * 8
        np.testing.assert_array_equal(pixels[tile // 256][y : y + 8, x : x + 8], digits_run.images[row, ..., 0])


def test_unreadable_pictures_are_named_with_their_reason_and_counted_as_wrong(digits_run):
    text = Page(digits_run.page).text
    lost = json.loads((digits_run.path / "data.json").read_text())["quarantined"]
    assert len(lost) == 4
    for entry in lost:
        assert entry["picture"] in text
    assert text.count("truncated after 512 bytes") == 4
    assert digits_run.metrics()["unanswered"] == 1
    assert "1 test picture could not be read and counts as wrong." in text


def test_where_no_picture_could_be_read_nothing_is_made_up(build):
    run = build("perfect", parts=("test",), unreadable=range(300))
    (run.path / "log.jsonl").write_text("")
    page = Page(run.written().page)
    assert "The log holds no lines." in page.text
    assert "right on 0 % of 112 test pictures" in page.text
    assert "No picture was answered." in page.text
    assert "every answer is right" not in page.text


def test_a_class_without_test_pictures_is_named(digits_run):
    text = Page(digits_run.page).text
    assert "No test pictures show 3: nothing is known about it." in text
    assert "no pictures of this class" in text


def test_where_every_answer_is_right_the_page_says_so(perfect_run):
    text = Page(perfect_run.page).text
    assert "There are none: every answer is right." in text
    assert "Most confused pairs" not in text


def test_without_pictures_the_report_says_why_and_keeps_its_numbers(perfect_run):
    page = Page(perfect_run.page)
    assert "Pictures are not shown: the data was not at hand" in page.text
    assert "right on 100 % of 112 test pictures" in headline(page)
    assert "cells" not in page.scripts


def test_a_hundred_classes_get_a_heat_map_and_their_most_confused_pairs(many_run):
    page = Page(many_run.page)
    assert not [1 for tag, attributes in page.elements if tag == "table" and "matrix" in attributes.get("class", "")]
    assert [
        1 for tag, a in page.elements if tag == "svg" and a["aria-label"].startswith("Confusion matrix of 100 classes")
    ]
    assert len(page.cells["cells"]) == 30
    assert all(key.split(",")[0] != key.split(",")[1] for key in page.cells["cells"])


@pytest.mark.parametrize("run", ["digits_run", "hostile_run", "many_run"])
def test_everything_that_is_a_picture_has_words_for_it(run, request):
    page = Page(request.getfixturevalue(run).page)
    pictures = [attributes for tag, attributes in page.elements if attributes.get("role") == "img" or tag == "svg"]
    assert len(pictures) > 50
    assert [attributes for attributes in pictures if not attributes.get("aria-label")] == []
    assert [a for tag, a in page.elements if tag == "img" and not a.get("alt")] == []


def test_the_recipe_the_environment_and_the_command_are_there_word_for_word(digits_run):
    page = Page(digits_run.page)
    assert any((digits_run.path / "recipe.toml").read_text() in words for words in page.words)
    assert "striate train set --model lenet5_modern --out runs/set" in page.words
    for words in ("plan.device", "x86_64, Linux 6.1", "8f14e45fceea167a5a36dedd4bea2543", "exact-duplicates"):
        assert words in page.text


def test_every_figure_is_a_png_that_shows_something(digits_run):
    files = {path.stem: path for path in (digits_run.path / "figures").iterdir()}
    assert set(files) == FIGURES
    for path in files.values():
        with Image.open(path) as picture:
            assert picture.format == "PNG"
            assert min(picture.size) > 200
            assert len(picture.convert("RGB").getcolors(1 << 24) or ()) > 20, path.name


def test_the_page_stays_small(digits_run, many_run):
    assert len(digits_run.page) < 400_000
    assert len(many_run.page) < 1_500_000


def test_a_run_that_has_not_finished_is_named(tmp_path):
    with pytest.raises(DataError, match=r"recipe\.toml.*is .* a run that has finished"):
        write(tmp_path, None, Extras())


@pytest.mark.browser
def test_a_click_on_a_cell_opens_its_pictures(digits_run, tmp_path: Path):
    chromium = shutil.which("chromium") or pytest.skip("Chromium is not installed")
    click = "<script>document.querySelector('.matrix [data-cell=\"1,9\"] button').click()</script></body>"
    page = tmp_path / "clicked.html"
    page.write_text(digits_run.page.replace("</body>", click), encoding="utf-8")
    options = (
        "--headless",
        "--no-sandbox",
        "--disable-gpu",
        "--no-first-run",
        f"--user-data-dir={tmp_path / 'profile'}",
    )
    told = subprocess.run(
        [chromium, *options, "--dump-dom", page.as_uri()], capture_output=True, text=True, timeout=60, check=True
    )
    dom = Page(told.stdout)
    panel = next(attributes for _, attributes in dom.elements if attributes.get("id") == "panel")
    count = digits_run.metrics()["confusion"][1][9]
    assert count > 1
    assert "hidden" not in panel
    assert f"truth 1, answer 9: {count} pictures, surest first" in dom.text


def test_the_page_tells_what_was_drawn_for_the_first_pictures_that_the_network_saw(digits_run, untested_run):
    text = Page(digits_run.page).text
    assert "What the network saw" in text
    told = text.split("What the network saw")[1].split("One augmented batch")[0]
    assert [word for word in told.split() if word.endswith("°")] == ["+1°", "+2°", "+4°", "+5°", "+7°"]
    assert told.count("as it is") == 3
    assert "<b>+5°</b>" in told
