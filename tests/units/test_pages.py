"""The pages of a run's units: complete, linked, true to the study, and usable in a browser."""

import html
import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import striate
from striate.core.errors import DoesNotApply, UnknownName
from striate.units.of_run import Looked

LAYERS = ["stages.0.c1", "stages.1", "head"]
SETTINGS = {"plan.threads": 1, "store": "none", "snapshots": [1, 2]}


@pytest.fixture(scope="module")
def run(tmp_path_factory) -> Path:
    out = tmp_path_factory.mktemp("runs") / "digits"
    return striate.train("digits", model="lenet5_modern", epochs=2, out=out, settings=SETTINGS, quiet=True).path


@pytest.fixture(scope="module")
def looked(run) -> Looked:
    return striate.units(run, quiet=True, layers=LAYERS, pictures=3, history=True)


def told(page: Path) -> dict:
    """What the page tells its script."""
    text = page.read_text(encoding="utf-8")
    return json.loads(re.search(r'id="told">(.*?)</script>', text, re.DOTALL).group(1))


def test_every_layer_that_was_studied_has_a_page_and_every_link_leads_somewhere(looked):
    folder = looked.pages.parent
    assert {page.stem for page in (folder / "layers").iterdir()} == set(looked.study.names)
    for page in folder.rglob("*.html"):
        text = page.read_text(encoding="utf-8")
        for link in re.findall(r'(?:href|src)="([^"#]+)"', text):
            if not link.startswith("data:"):
                assert (page.parent / link).is_file(), (page, link)
        assert "http" not in re.sub(r"<(pre|p)[ >].*?</\1>", "", text, flags=re.DOTALL), "offline"


def test_what_a_page_tells_is_what_the_study_found(looked):
    study = looked.study["stages.1"]
    page = told(looked.pages.parent / "layers" / "stages.1.html")
    assert [unit["k"] for unit in page["units"]] == list(range(study.units))
    unit = page["units"][3]
    assert [entry["row"] for entry in unit["top"]] == study.top_rows[3][study.top_rows[3] >= 0].tolist()
    assert unit["max"] == pytest.approx(float(study.maximum[3]), rel=1e-3)
    assert sum(unit["hist"]) == study.histogram[3].sum()
    assert {str(entry["row"]) for one in page["units"] for entry in one["top"]} == set(page["pictures"])


def test_a_picture_page_holds_the_networks_own_values(run, looked):
    import base64

    import torch

    from striate.data.store import Store
    from striate.inside.inspecting import inspecting

    page = sorted((looked.pages.parent / "pictures").iterdir())[0]
    row = int(page.stem)
    layer = next(layer for layer in told(page)["layers"] if layer["name"] == "stages.1")
    codes = np.frombuffer(base64.b64decode(layer["values"]), np.uint8).reshape(-1, *layer["size"])
    low, high = (np.array(ends)[:, None, None] for ends in zip(*layer["limits"], strict=True))
    recognizer = striate.load(run)
    store = Store(striate.sources.open_table("digits"), recognizer.preprocess)
    images = recognizer.preprocess.normalize(torch.from_numpy(store.read(np.array([row]))[0]))
    store.close()
    with inspecting(recognizer.network) as inside, torch.no_grad():
        seen = inside.capture("stages.1")
        inside.scores(images)
        values = seen.output[0].numpy()
    assert np.abs(low + codes / 255 * (high - low) - values).max() <= ((high - low) / 500 + 2e-3 * np.abs(high)).max()


def test_every_printed_call_runs_and_gives_what_the_page_shows(looked):
    folder = looked.pages.parent
    page = told(folder / "layers" / "stages.1.html")
    names: dict = {}
    exec(page["call"].replace("{unit}", "3"), names)
    assert names["rows"].tolist() == [entry["row"] for entry in page["units"][3]["top"]]
    names["looking"].store.close()
    for path in (folder / "index.html", *sorted((folder / "pictures").iterdir())[:1]):
        code = html.unescape(re.search(r"<pre>(.*?)</pre>", path.read_text(encoding="utf-8"), re.DOTALL).group(1))
        exec(code, names)
        names["looking"].store.close()
    assert [maps.layer.name for maps in names["way"].layers] == LAYERS


def test_a_layer_whose_units_are_all_silent_has_its_pages_all_the_same(run, tmp_path):
    found = striate.units(run, quiet=True, layers=["head"], limit=1, pictures=1, out=tmp_path / "silent")
    page = told(found.pages.parent / "layers" / "head.html")
    assert all(unit["top"] == [] for unit in page["units"])
    assert len(list((found.pages.parent / "pictures").iterdir())) == 1


def test_the_units_are_found_again_without_a_second_study(run, looked, monkeypatch):
    mining = sys.modules["striate.units.mining"]  # `striate.units` is the function
    monkeypatch.setattr(mining, "_mined", lambda *_: pytest.fail("studied again"))
    again = striate.units(run, quiet=True, layers=LAYERS, pictures=0, synthetic=False, projections=0)
    assert again.pages.parent.name == "units-2"
    assert np.array_equal(again.study["stages.1"].top_rows, looked.study["stages.1"].top_rows)


def test_only_the_units_that_are_wished_for_get_pages(run, tmp_path):
    found = striate.units(run, quiet=True, layers=["stages.1"], units=[5, 2], pictures=1, out=tmp_path / "few")
    page = told(found.pages.parent / "layers" / "stages.1.html")
    assert [(unit["k"], unit["block"]) for unit in page["units"]] == [(2, 0), (5, 1)]
    with pytest.raises(DoesNotApply, match=r"stages\.1 has the units 0 to 15, and not 16"):
        striate.units(run, quiet=True, layers=["stages.1"], units=[16], out=tmp_path / "none")
    assert not (tmp_path / "none").exists()


def test_what_has_no_units_is_refused_by_name(tmp_path, run):
    pipeline = striate.train("digits", model="pixels-svm", out=tmp_path / "svm", quiet=True)
    with pytest.raises(DoesNotApply, match="svm is a classic pipeline, which has no units"):
        striate.units(pipeline.path, quiet=True)
    with pytest.raises(UnknownName, match=r"no layer named 'stages\.9'"):
        striate.units(run, quiet=True, layers=["stages.9"])


@pytest.mark.browser
def test_clicks_and_keys_lead_from_the_map_to_a_unit_and_back(looked, tmp_path):
    walk = """<script>
      const log = []; const note = (text) => log.push(text);
      window.addEventListener("load", () => {
        document.querySelectorAll("button.unit")[4].click();
        setTimeout(() => {
          note(document.getElementById("title").textContent);
          note("grid hidden " + document.getElementById("all").hidden);
          document.querySelectorAll(".patch")[1].dispatchEvent(new Event("mouseenter"));
          note("box " + (document.querySelector(".whole i").hidden === false));
          document.dispatchEvent(new KeyboardEvent("keydown", { key: "ArrowRight" }));
          setTimeout(() => {
            note(document.getElementById("title").textContent);
            document.dispatchEvent(new KeyboardEvent("keydown", { key: "Escape" }));
            note(document.getElementById("title").textContent);
            const done = document.createElement("div"); done.id = "walked"; done.textContent = log.join("; ");
            document.body.append(done);
          }, 200);
        }, 200);
      });
    </script></body>"""
    page = looked.pages.parent / "layers" / "stages.1.html"
    walked = page.with_name("walked.html")
    walked.write_text(page.read_text(encoding="utf-8").replace("</body>", walk), encoding="utf-8")
    text = dump(walked, tmp_path)
    walked.unlink()
    assert re.search(r'id="walked">(.*?)<', text).group(1) == (
        "Unit 4 of stages.1; grid hidden true; box true; Unit 5 of stages.1; stages.1: 16 units"
    )


@pytest.mark.browser
def test_hovering_over_a_cell_draws_what_it_sees(looked, tmp_path):
    hover = """<script>
      window.addEventListener("load", () => {
        const canvas = document.querySelectorAll("canvas")[2];
        const at = canvas.getBoundingClientRect();
        canvas.dispatchEvent(new MouseEvent("mousemove", { clientX: at.left + 1, clientY: at.top + 1 }));
        const done = document.createElement("div"); done.id = "hovered";
        const box = document.querySelector(".whole i");
        done.textContent = document.getElementById("note").textContent + " box " + !box.hidden;
        document.body.append(done);
      });
    </script></body>"""
    page = sorted((looked.pages.parent / "pictures").iterdir())[0]
    hovered = page.with_name("hovered.html")
    hovered.write_text(page.read_text(encoding="utf-8").replace("</body>", hover), encoding="utf-8")
    text = dump(hovered, tmp_path)
    hovered.unlink()
    said = re.search(r'id="hovered">(.*?)</div>', text).group(1)
    assert re.match(r"stages\.0\.c1, unit 2, row 0, column 0: \S+; the box is all that it sees box true", said)


def dump(page: Path, folder: Path) -> str:
    chromium = shutil.which("chromium") or pytest.skip("Chromium is not installed")
    options = ("--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--virtual-time-budget=3000")
    profile = f"--user-data-dir={folder / 'profile'}"
    command = [chromium, *options, profile, "--dump-dom", page.as_uri()]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=True).stdout
