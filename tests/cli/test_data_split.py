import json
from pathlib import Path

import pytest
from PIL import Image

from striate.data.split import Split


@pytest.fixture
def photos(tmp_path, monkeypatch):
    """A folder of two classes, 30 pictures each, all different."""
    monkeypatch.chdir(tmp_path)
    add(tmp_path / "photos" / "cat", range(30))
    add(tmp_path / "photos" / "dog", range(100, 130))
    return tmp_path / "photos"


def add(folder, numbers):
    folder.mkdir(parents=True, exist_ok=True)
    for number in numbers:
        Image.new("L", (8, 8), number).save(folder / f"{number}.png")


def sides(file, folder):
    """The side of each picture by its name."""
    from striate.data.split import match
    from striate.sources import open_table

    table = open_table(folder)
    return dict(zip(table.names(range(len(table))), match(table, Split.load(Path(file))).sides.tolist(), strict=True))


def test_a_split_is_written_and_counted_class_by_class(call, photos):
    outcome = call("data", "split", "photos", "--out", "s.parquet", "--val", "0.2", "--test", "0.2")
    assert outcome.status == 0
    assert outcome.output.splitlines()[0].split() == ["class", "train", "val", "test"]
    totals = next(line for line in outcome.output.splitlines() if line.startswith("all")).split()[1:]
    assert sum(map(int, totals)) == 60
    assert "--set split.file=s.parquet" in outcome.output
    saved = Split.load(photos.parent / "s.parquet")
    assert [len(saved.rows(side)) for side in ("train", "val", "test")] == list(map(int, totals))


def test_json_counts_every_class_on_every_side(call, photos):
    document = json.loads(call("data", "split", "photos", "--json").output)
    assert document["split"] == "split.parquet"
    assert sum(sum(classes.values()) for classes in document["counts"].values()) == 60
    assert set(document["counts"]["train"]) == {"cat", "dog"}


def test_a_split_that_exists_is_never_drawn_anew(call, photos):
    call("data", "split", "photos")
    before = (photos.parent / "split.parquet").read_bytes()
    outcome = call("data", "split", "photos", "--salt", "1")
    assert outcome.status == 2
    assert "--extend split.parquet" in outcome.errors
    assert (photos.parent / "split.parquet").read_bytes() == before


def test_extending_moves_no_picture_and_places_the_new_ones(call, photos):
    call("data", "split", "photos", "--salt", "7")
    before = sides(photos.parent / "split.parquet", photos)
    add(photos / "dog", range(200, 220))
    assert call("data", "split", "photos", "--extend", "split.parquet").status == 0
    after = sides(photos.parent / "split.parquet", photos)
    assert len(after) == 80
    assert {name: after[name] for name in before} == before


def test_the_extended_split_can_go_to_another_file(call, photos):
    call("data", "split", "photos")
    before = (photos.parent / "split.parquet").read_bytes()
    add(photos / "dog", range(200, 220))
    assert call("data", "split", "photos", "--extend", "split.parquet", "--out", "new.parquet").status == 0
    assert (photos.parent / "split.parquet").read_bytes() == before
    assert len(Split.load(photos.parent / "new.parquet")) == 80


def test_an_extended_split_keeps_its_own_fractions_so_others_are_refused(call, photos):
    call("data", "split", "photos")
    outcome = call("data", "split", "photos", "--extend", "split.parquet", "--val", "0.3")
    assert outcome.status == 2
    assert "its own fractions" in outcome.errors


def test_pictures_of_one_group_stay_together(call, photos, tmp_path):
    lines = [
        f"photos/{k}/{n}.png,{k},{n % 5}" for k, first in (("cat", 0), ("dog", 100)) for n in range(first, first + 30)
    ]
    (tmp_path / "table.csv").write_text("path,label,plant\n" + "\n".join(lines))
    outcome = call("data", "split", "table.csv", "--group", "plant", "--val", "0.3", "--test", "0.3", "--json")
    assert outcome.status == 0, outcome.errors
    saved = Split.load(tmp_path / "split.parquet")
    plants = [line.rsplit(",", 1)[1] for line in lines]
    assert all(
        len({s for s, p in zip(saved.sides.tolist(), plants, strict=True) if p == plant}) == 1 for plant in "01234"
    )


@pytest.mark.parametrize("data", ["photos", "table.csv"])
def test_a_group_column_that_is_none_is_named(call, photos, tmp_path, data):
    (tmp_path / "table.csv").write_text("path,label,plants\nphotos/cat/0.png,cat,1\n")
    outcome = call("data", "split", data, "--group", "plant")
    assert outcome.status == 2
    assert "'plant'" in outcome.errors
    assert data == "photos" or "did you mean plants" in outcome.errors


def manifest(photos, name, count):
    """A table of the first pictures of each class; five in a row are one patient's."""
    lines = ["path,label,patient"]
    for label in ("cat", "dog"):
        files = sorted((photos / label).iterdir(), key=lambda file: int(file.stem))[:count]
        lines += [f"{file},{label},{label}{place // 5}" for place, file in enumerate(files)]
    (photos.parent / name).write_text("\n".join(lines) + "\n")


def test_extending_a_split_by_groups_keeps_them_together_without_being_told_again(call, photos):
    manifest(photos, "few.csv", 18)
    manifest(photos, "all.csv", 30)
    assert call("data", "split", "few.csv", "--group", "patient", "--out", "few.parquet").status == 0
    outcome = call("data", "split", "all.csv", "--extend", "few.parquet", "--out", "all.parquet")
    assert outcome.status == 0, outcome.errors
    before, after = sides("few.parquet", "few.csv"), sides("all.parquet", "all.csv")
    assert all(after[name] == side for name, side in before.items())
    of_patient = {}
    for name, side in after.items():
        label, number = name.split("/")[-2:]
        of_patient.setdefault((label, int(number.split(".")[0]) % 100 // 5), set()).add(side)
    assert all(len(sides) == 1 for sides in of_patient.values())


def test_extending_a_split_by_groups_without_groups_is_refused(call, photos):
    manifest(photos, "few.csv", 18)
    manifest(photos, "all.csv", 30)
    call("data", "split", "few.csv", "--group", "patient", "--out", "few.parquet")
    outcome = call(
        "train", "all.csv", "--model", "linear", "--set", "split.file=few.parquet", "--set", "split.extend=true"
    )
    assert outcome.status == 2
    assert "groups of column 'patient'" in outcome.errors
    assert "--group COLUMN" in outcome.errors
