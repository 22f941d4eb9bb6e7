import json

import pytest
from PIL import Image


@pytest.fixture
def photos(tmp_path, monkeypatch):
    """Two classes of 20 gray pictures, all different."""
    monkeypatch.chdir(tmp_path)
    for first, name in ((0, "cat"), (100, "dog")):
        (tmp_path / "photos" / name).mkdir(parents=True)
        for number in range(first, first + 20):
            Image.new("L", (16, 16), number).save(tmp_path / "photos" / name / f"{number}.png")
    return tmp_path / "photos"


def test_a_sound_folder_passes_with_status_zero(call, photos):
    outcome = call("data", "check", "photos")
    assert outcome.status == 0, outcome.output + outcome.errors
    assert outcome.output.splitlines()[0] == "40 of 40 pictures can be read; 2 classes"
    assert "fails:" not in outcome.output


def test_a_truncated_picture_is_named_with_its_reason_and_the_answer_is_no(call, photos):
    whole = (photos / "cat" / "0.png").read_bytes()
    (photos / "cat" / "0.png").write_bytes(whole[: len(whole) // 2])
    outcome = call("data", "check", "photos")
    assert outcome.status == 1
    assert "39 of 40 pictures can be read" in outcome.output
    assert "unreadable: cat/0.png: " in outcome.output
    assert "fails:" in outcome.output


def test_the_same_picture_in_two_classes_fails_with_both_names_and_a_remedy(call, photos):
    (photos / "dog" / "copy.png").write_bytes((photos / "cat" / "0.png").read_bytes())
    outcome = call("data", "check", "photos")
    assert outcome.status == 1
    assert "cat/0.png" in outcome.output
    assert "dog/copy.png" in outcome.output
    assert "    -> " in outcome.output


def test_json_has_what_the_design_says_and_the_same_status(call, photos):
    (photos / "cat" / "0.png").write_bytes(b"no picture")
    outcome = call("data", "check", "photos", "--json")
    assert outcome.status == 1
    document = json.loads(outcome.output)
    assert document["pictures"] == 40
    assert document["readable"] == 39
    assert [q["picture"] for q in document["quarantined"]] == ["cat/0.png"]
    assert {finding["verdict"] for finding in document["findings"]} <= {"pass", "warn", "fail", "undecidable"}


def test_a_split_is_looked_through_for_pictures_on_two_sides(call, photos, tmp_path):
    (photos / "cat" / "copy.png").write_bytes((photos / "cat" / "0.png").read_bytes())
    rows = [f"cat/{n}.png,{'test' if n else 'train'}" for n in range(20)] + ["cat/copy.png,test"]
    rows += [f"dog/{n}.png,train" for n in range(100, 120)]
    (tmp_path / "split.csv").write_text("path,split\n" + "\n".join(rows))
    across = [f for f in _findings(call, "--split", "split.csv") if f["verdict"] == "fail"]
    assert across
    assert not [f for f in _findings(call) if f["verdict"] == "fail"]


def test_a_folder_that_is_none_is_the_users_to_fix(call, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    outcome = call("data", "check", "fotos")
    assert outcome.status == 2
    assert "fotos" in outcome.errors


def _findings(call, *options):
    return json.loads(call("data", "check", "photos", "--json", *options).output)["findings"]


def test_a_split_that_tears_a_group_fails_and_names_it(call, photos):
    files = sorted(photos.rglob("*.png"))
    lines = [f"{file},{file.parent.name},{'ward 1' if place < 2 else place}" for place, file in enumerate(files)]
    (photos.parent / "t.csv").write_text("\n".join(["path,label,group", *lines]))
    sides = [f"{file},{'test' if place == 0 else 'train'}" for place, file in enumerate(files)]
    (photos.parent / "s.csv").write_text("\n".join(["path,split", *sides]))
    outcome = call("data", "check", "t.csv", "--split", "s.csv")
    assert outcome.status == 1
    assert "torn-groups" in outcome.output
    assert "ward 1" in outcome.output
