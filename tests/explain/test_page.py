"""The page as a reader gets it: parsed, never searched as text where markup could hide; and in a real browser."""

import json
import shutil
import struct
import subprocess
from base64 import b64decode
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest

from striate.explain import page as pages
from striate.explain.folder import write
from striate.explain.picture import Question, explain_pictures

METHODS = ("gradcam", "refusing", "edges")


class Page(HTMLParser):
    """Elements with their attributes, the words outside of scripts and styles, and what scripts hold by identifier."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str]]] = []
        self.words: list[str] = []
        self.scripts: dict[str, str] = {}
        self._inside: tuple[str, str] | None = None
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attrs):
        attributes = {name: value or "" for name, value in attrs}
        self.elements.append((tag, attributes))
        self._inside = (tag, attributes.get("id", "")) if tag in {"script", "style"} else self._inside

    def handle_endtag(self, tag):
        if tag in {"script", "style"}:
            self._inside = None

    def handle_data(self, data):
        if self._inside is None:
            self.words.append(data)
        elif self._inside[0] == "script":
            self.scripts[self._inside[1]] = data

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.words).split())

    def classed(self, name: str) -> list[dict[str, str]]:
        return [attributes for _, attributes in self.elements if name in attributes.get("class", "").split()]


@pytest.fixture(scope="module")
def found(recognizer, photos, methods):
    return list(explain_pictures(recognizer, [photos], methods=METHODS))


@pytest.fixture(scope="module")
def written(found, tmp_path_factory):
    return write(tmp_path_factory.mktemp("pages") / "seen", Path("runs/own"), found, Question(METHODS))


@pytest.fixture(scope="module")
def page(written):
    return Page(written.page.read_text(encoding="utf-8"))


def test_the_page_needs_nothing_from_outside(written, page):
    links = [a[name] for _, a in page.elements for name in ("src", "href") if name in a]
    assert links
    assert [link[:40] for link in links if not link.startswith(("data:", "#"))] == []
    text = written.page.read_text(encoding="utf-8")
    assert "url(" not in text
    assert "@import" not in text


def test_every_picture_has_its_answer_and_every_method_its_panel(found, page):
    read = [shown for shown in found if not shown.error]
    assert len(page.classed("looked")) == len(read)
    for shown in read:
        assert Path(shown.picture).name in page.text
        assert f"It says {shown.answer}" in page.text
    assert len([a for _, a in page.elements if "data-panel" in a]) == 3 * len(read)
    assert page.text.count("Does not apply. Too dark for it: take a light picture.") == len(read)


def test_an_unreadable_picture_is_named_with_its_reason(found, page):
    (lost,) = [shown for shown in found if shown.error]
    assert lost.picture in page.text
    assert "Unreadable" in page.text


def test_names_that_mean_harm_stay_text(page):
    assert sum(tag == "script" for tag, _ in page.elements) == 2
    assert "<b>&three.png" in page.text
    assert not [name for _, attributes in page.elements for name in attributes if name.startswith("on")]


def test_every_picture_has_words_and_every_identifier_is_used_once(page):
    assert [a for tag, a in page.elements if tag == "img" and not a.get("alt")] == []
    identifiers = [a["id"] for _, a in page.elements if "id" in a]
    assert len(identifiers) == len(set(identifiers))


def test_the_legend_has_the_numbers_of_the_scale(written, page):
    for told in written.record["pictures"]:
        for entry in told["explanations"]:
            if not entry["refused"]:
                assert f"{entry['darkest']:.3g}" in page.text


def test_the_page_holds_raw_values_and_fields_of_every_cell(found, page):
    cells = json.loads(page.scripts["cells"])
    for n, shown in enumerate(found):
        if shown.error:
            continue
        maps, told = shown.panels[0].maps, cells[f"{n}-0"]
        raw = b64decode(told["values"])
        values = struct.unpack(f"<{len(raw) // 4}f", raw)
        np.testing.assert_array_equal(values, maps.values.flatten().numpy())
        for y in range(told["shape"][0]):
            for x in range(told["shape"][1]):
                (top, bottom), (left, right) = told["down"][y], told["right"][x]
                assert (top, left, bottom, right) == maps.geometry.box(y, x)
        assert "down" not in cells[f"{n}-2"]  # a pixel sees itself


def test_values_that_would_make_the_page_too_large_are_left_to_their_files(found, written, monkeypatch):
    monkeypatch.setattr(pages, "VALUE_BYTES", 200)
    from striate.explain.drawing import draw
    from striate.explain.folder import _scale

    drawn = [[None if p.maps is None else draw(p, s.pixels, _scale(p)) for p in s.panels] for s in found]
    cells = json.loads(Page(pages.render("seen", found, drawn, written.record)).scripts["cells"])
    kept = [told["values"] is not None for told in cells.values()]
    assert kept.count(True) == 1
    assert all(told["file"].endswith(".npy") for told in cells.values())


def test_evidence_is_said_in_words(recognizer, photos, methods, tmp_path):
    found = list(explain_pictures(recognizer, photos / "one.png", methods=["edges"], evidence=True))
    told = write(tmp_path / "seen", Path("runs/own"), found, Question(["edges"], evidence=True))
    text = Page(told.page.read_text(encoding="utf-8")).text
    assert (
        "Hardly changes with the weights. Rank correlation 1.00 (1.00 to 1.00) after its weights are drawn anew" in text
    )
    assert "What the evidence means" in text
    assert "Steady." in text


def test_a_note_takes_the_place_of_a_plausible_picture(recognizer, photos, methods, tmp_path, monkeypatch):
    found = list(explain_pictures(recognizer, photos / "one.png"))
    maps = found[0].panels[0].maps
    maps.values.zero_()
    object.__setattr__(maps, "notes", ("no positive evidence: see hirescam",))
    told = write(tmp_path / "seen", Path("runs/own"), found, Question())
    text = Page(told.page.read_text(encoding="utf-8")).text
    assert "No positive evidence. See hirescam." in text
    assert told.record["pictures"][0]["explanations"][0]["darkest"] == 0


@pytest.mark.browser
def test_pointing_at_a_square_tells_its_value_and_draws_its_field_and_keys_move_on(found, written, tmp_path):
    chromium = shutil.which("chromium") or pytest.skip("Chromium is not installed")
    number, shown = next((n, shown) for n, shown in enumerate(found) if not shown.error)
    script = f"""<script>
      const map = document.querySelector('[data-panel="{number}-0"] .raw');
      map.scrollIntoView();
      const box = map.getBoundingClientRect();
      const at = {{ clientX: box.left + box.width * 4.5 / 6, clientY: box.top + box.height * 2.5 / 6 }};
      map.dispatchEvent(new PointerEvent("pointermove", at));
      const key = (name) => document.dispatchEvent(new KeyboardEvent("keydown", {{ key: name, bubbles: true }}));
      document.body.dataset.field = document.querySelector('#picture-{number} .whole .field').style.cssText;
      document.body.dataset.readout = document.querySelector('[data-panel="{number}-0"] .readout').textContent;
      key("?");
      document.body.dataset.keys = document.getElementById("keys").open;
      key("?");
      scrollTo(0, 0);
      key("ArrowRight"); key("ArrowRight");
      document.body.dataset.second = Math.round(document.querySelectorAll(".looked")[1].getBoundingClientRect().top);
      key("ArrowLeft");
      document.body.dataset.first = Math.round(document.querySelectorAll(".looked")[0].getBoundingClientRect().top);
      map.focus(); map.dispatchEvent(new KeyboardEvent("keydown", {{ key: "ArrowDown", bubbles: true }}));
      document.body.dataset.below = document.querySelector('[data-panel="{number}-0"] .readout').textContent;
    </script></body>"""
    path = tmp_path / "pointed.html"
    path.write_text(written.page.read_text(encoding="utf-8").replace("</body>", script), encoding="utf-8")
    options = (
        "--headless",
        "--no-sandbox",
        "--disable-gpu",
        "--no-first-run",
        f"--user-data-dir={tmp_path / 'profile'}",
    )
    told = subprocess.run(
        [chromium, *options, "--dump-dom", path.as_uri()], capture_output=True, text=True, timeout=60, check=True
    )
    body = next(attributes for tag, attributes in Page(told.stdout).elements if tag == "body")
    maps = shown.panels[0].maps
    top, left, bottom, right = maps.geometry.box(2, 4)
    sees = f"sees rows {top}\u2013{bottom - 1}, columns {left}\u2013{right - 1}"
    assert body["data-readout"].endswith(f" row 2, column 4; {sees}")
    value = float(body["data-readout"].split(" row ")[0].replace("\u2212", "-"))
    assert value == pytest.approx(float(maps.values[0, 2, 4]), rel=5e-3)
    field = dict(part.strip().split(": ") for part in body["data-field"].split(";") if part.strip())
    drawn = [float(field[name]) for name in ("--top", "--left", "--height", "--width")]
    assert drawn == pytest.approx([top / 24, left / 24, (bottom - top) / 24, (right - left) / 24])
    assert "row 3, column 4" in body["data-below"]
    assert body["data-keys"] == "true"
    assert abs(int(body["data-second"])) <= 1
    assert abs(int(body["data-first"])) <= 1
