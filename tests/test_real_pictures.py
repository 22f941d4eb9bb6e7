"""The main job on real input: photographs, and every odd file we know of."""

from pathlib import Path

import striate
from striate.data.audit import audit
from striate.sources import open_table

SETTINGS = {"augment.crop": [0.4, 1.0], "plan.threads": 1}


def test_a_folder_of_photographs_trains_reports_and_predicts(shared_data: Path, tmp_path: Path) -> None:
    photographs = shared_data / "caltech10"
    run = striate.train(photographs, out=tmp_path / "run", image_size=32, epochs=2, settings=SETTINGS, quiet=True)
    assert len(run.classes) == 10
    assert run.metrics["val"]["pictures"] == 100
    assert run.metrics["val"]["unanswered"] == 0
    assert "test" not in run.metrics
    assert "used for selection" in (run.path / "report.html").read_text()
    answers = striate.load(run.path).predict(photographs / "val")
    assert len(answers) == 100
    right = sum(answer.class_name == Path(answer.picture).parent.name for answer in answers)
    assert right == round(run.metrics["val"]["accuracy"]["value"] * 100)


def test_every_odd_picture_is_answered_or_quarantined_with_its_reason(shared_data: Path, tmp_path: Path) -> None:
    odd = shared_data / "odd-images"
    table = open_table(odd)
    found = audit(table, quiet=True)
    assert found.pictures == len(table)
    assert found.readable + len(found.quarantined) == found.pictures
    assert all(reason for _, _, reason in found.quarantined)
    run = striate.train(odd, out=tmp_path / "run", model="linear", image_size=16, epochs=1, quiet=True)
    counted = sum(part["pictures"] for part in run.metrics.values())
    assert counted == len(run.split.rows("val")) + len(run.split.rows("test"))
    lost = {name for _, name, _ in found.quarantined}
    assert {entry["picture"] for entry in run.data["quarantined"]} == lost
    for answer in striate.load(run.path).predict(odd):
        name = str(Path(answer.picture).relative_to(odd))
        assert (answer.error is not None) == (name in lost), name
