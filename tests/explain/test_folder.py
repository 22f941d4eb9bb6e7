import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from striate.core.errors import DataError, DoesNotApply, RecipeError
from striate.explain.folder import write
from striate.explain.picture import Question, explain_pictures
from striate.explain.zeiler import zeiler

RUN = Path("runs/own")


def made(recognizer, photos, out, *, scale="shared", **options):
    methods, layer = options.pop("methods", ["gradcam"]), options.pop("layer", None)
    found = list(explain_pictures(recognizer, [photos], methods=methods, layer=layer, **options))
    return found, write(out, RUN, found, Question(methods, layer, options=options), scale=scale)


def test_every_map_has_its_picture_and_its_raw_values(recognizer, photos, tmp_path):
    found, written = made(recognizer, photos, tmp_path / "seen")
    assert written.folder == tmp_path / "seen"
    assert written.page.is_file()
    told = {
        entry["picture"]: entry for entry in json.loads((written.folder / "explanations.json").read_text())["pictures"]
    }
    for shown in found:
        entry = told[shown.picture]
        if shown.error:
            assert entry == {"picture": shown.picture, "error": shown.error, "explanations": []}
            continue
        (explanation,) = entry["explanations"]
        values = np.load(written.folder / explanation["values"])
        np.testing.assert_array_equal(values, shown.panels[0].maps.values[0].numpy())
        with Image.open(written.folder / explanation["picture"]) as picture:
            assert min(picture.size) > 300
        assert explanation["picture"] == f"{Path(shown.picture).stem}.gradcam.png"
        assert explanation["stride"] == [4.0, 4.0]
        assert entry["runner_up_probability"] <= entry["probability"]


def test_a_folder_that_is_there_is_kept_and_the_new_one_is_numbered(recognizer, photos, tmp_path):
    (tmp_path / "seen").mkdir()
    (tmp_path / "seen" / "mine.txt").write_text("keep")
    _, written = made(recognizer, photos / "one.png", tmp_path / "seen")
    assert written.folder == tmp_path / "seen-2"
    assert [path.name for path in (tmp_path / "seen").iterdir()] == ["mine.txt"]


def test_pictures_share_a_scale_unless_each_is_to_have_its_own(recognizer, photos, tmp_path):
    limits = {}
    for scale in ("shared", "picture"):
        _, written = made(recognizer, photos, tmp_path / scale, scale=scale)
        limits[scale] = [e["darkest"] for told in written.record["pictures"] for e in told["explanations"]]
        largest = [e["largest"] for told in written.record["pictures"] for e in told["explanations"]]
    assert limits["picture"] == pytest.approx(largest)
    assert limits["shared"] == pytest.approx([max(largest)] * len(largest))


def test_methods_that_speak_of_a_layer_in_the_scores_unit_can_share_a_scale(recognizer, photos, tmp_path, methods):
    asked = ["gradcam", "scorecam", "hirescam", "edges"]
    records = {
        scale: made(recognizer, photos, tmp_path / scale, scale=scale, methods=asked) for scale in ("shared", "layer")
    }
    limits = {
        scale: np.array(
            [[e["darkest"] for e in told["explanations"]] for told in written.record["pictures"] if not told["error"]]
        )
        for scale, (_, written) in records.items()
    }
    before, after = limits["shared"], limits["layer"]
    assert before[0, 0] != before[0, 2]
    assert (after[:, [0, 2]] == before[:, [0, 2]].max()).all()
    np.testing.assert_array_equal(after[:, [1, 3]], before[:, [1, 3]])  # in units of their own
    page = records["layer"][1].page.read_text(encoding="utf-8")
    assert page.count("one scale for 3 pictures and gradcam, hirescam") >= 6
    assert [entry["signed"] for entry in records["layer"][1].record["pictures"][0]["explanations"]] == [
        False, False, True, True,
    ]  # fmt: skip


def test_what_zeiler_watches_is_kept_beside_occlusion_and_shown(recognizer, photos, tmp_path):
    one = photos / "one.png"
    found = list(explain_pictures(recognizer, one, methods=["gradcam", "occlusion"], zeiler=True, layer="2", patch=6))
    written = write(tmp_path / "seen", RUN, found, Question(["gradcam", "occlusion"], "2", options={"patch": 6}))
    plain, entry = written.record["pictures"][0]["explanations"]
    assert "zeiler" not in plain
    images = recognizer.preprocess.normalize(torch.from_numpy(found[0].pixels.transpose(2, 0, 1)[None].copy()))
    wanted = zeiler(
        recognizer.network, images, torch.tensor([recognizer.classes.index(found[0].target)]), layer="2", patch=6
    )
    for name in ("activity", "labels"):
        np.testing.assert_allclose(
            np.load(written.folder / entry["zeiler"][name]), getattr(wanted, name)[0].numpy(), rtol=1e-5
        )
    assert (entry["zeiler"]["layer"], entry["zeiler"]["unit"]) == ("2", int(wanted.units))
    page = written.page.read_text(encoding="utf-8")
    assert f"Sum of the strongest map, {int(wanted.units)} of 2:" in page
    for number in wanted.labels.unique().tolist():
        assert f"</i>{recognizer.classes[number]}</span>" in page
    assert "zeiler=True" in entry["call"]


def test_zeiler_without_occlusion_is_refused(recognizer, photos):
    with pytest.raises(RecipeError, match="name occlusion among the methods too"):
        explain_pictures(recognizer, photos, zeiler=True)


def test_pictures_of_one_name_do_not_overwrite_each_other(recognizer, photos, tmp_path):
    pictures = [photos / "one.png", photos / "one.png"]
    found = list(explain_pictures(recognizer, pictures))
    written = write(tmp_path / "seen", RUN, found, Question())
    assert {path.name for path in written.folder.glob("*.npy")} == {"one.gradcam.npy", "one-2.gradcam.npy"}


def test_a_numbered_name_that_is_taken_is_not_given_again(recognizer, photos, tmp_path):
    names = ["one-2.png", "deeper/ONE.png", "deeper/one-2.png", "deeper/one.png", "one.png"]
    for name in names:
        (tmp_path / name).parent.mkdir(exist_ok=True)
        shutil.copy(photos / "one.png", tmp_path / name)
    found = list(explain_pictures(recognizer, [tmp_path / name for name in names]))
    written = write(tmp_path / "seen", RUN, found, Question())
    told = [entry["explanations"][0] for entry in written.record["pictures"]]
    for kind in ("values", "picture"):
        assert len({entry[kind].casefold() for entry in told}) == len(names)
        assert all((written.folder / entry[kind]).is_file() for entry in told)
    assert told[0]["values"] == "one-2.gradcam.npy"


def test_without_a_picture_that_can_be_read_nothing_is_written(recognizer, photos, tmp_path):
    with pytest.raises(DataError, match=r"none of 1 can be read: .*torn\.png: "):
        made(recognizer, photos / "torn.png", tmp_path / "seen")
    assert not (tmp_path / "seen").exists()


def test_where_no_method_applies_nothing_is_written(recognizer, photos, tmp_path, methods):
    with pytest.raises(DoesNotApply, match="refusing: too dark for it"):
        made(recognizer, photos, tmp_path / "seen", methods=["refusing"])
    assert not (tmp_path / "seen").exists()


def test_the_call_in_the_record_makes_the_map_again(recognizer, photos, tmp_path, methods):
    _, written = made(
        recognizer, photos / "two.png", tmp_path / "seen", methods=["gradcam", "edges"], layer="2", power=3
    )
    call = written.record["pictures"][0]["explanations"][1]["call"]
    assert "power=3" in call
    assert "layer" not in call  # it speaks of pixels
    call = written.record["pictures"][0]["explanations"][0]["call"]
    assert "layer='2'" in call
    held: dict = {}
    exec(call.replace(repr(str(RUN)), "recognizer"), {"recognizer": recognizer}, held)
    np.testing.assert_array_equal(held["maps"].values[0].numpy(), np.load(written.folder / "two.gradcam.npy"))
