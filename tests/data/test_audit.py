import json
import time

import numpy as np
import pyarrow as pa

from striate.core.findings import Verdict
from striate.data.audit import audit
from striate.data.table import Table, picture_columns
from striate.sources import open_table


def by_check(found):
    return {finding.check: finding for finding in found.findings}


def made(count, side=28):
    pixels = np.random.default_rng(0).integers(0, 256, (count, side, side, 1), np.uint8)
    columns = picture_columns(np.arange(count) % 10)
    return Table(columns=columns, classes=tuple("0123456789"), source="made", location="made", pixels=pixels)


def test_a_truncated_jpeg_is_named_and_quarantined(album, scene, encode):
    table = album({"a/one.jpg": scene(1), "b/half.jpg": encode(scene(2))[:2000], "b/two.jpg": scene(3)})
    found = audit(table, quiet=True)
    assert (found.pictures, found.readable) == (3, 2)
    [(row, name, reason)] = found.quarantined
    assert (row, name) == (1, "b/half.jpg")
    assert reason.startswith("truncated")
    finding = by_check(found)["unreadable"]
    assert (finding.verdict, finding.value, finding.rows, finding.names) == (Verdict.FAIL, 1, (1,), ("b/half.jpg",))
    assert reason in finding.detail


def test_the_audit_as_json_has_what_data_check_prints(album, scene):
    told = json.loads(json.dumps(audit(album({"a/one.jpg": scene(1), "a/bad.jpg": b""}), quiet=True).to_dict()))
    assert set(told) == {"pictures", "readable", "quarantined", "findings"}
    assert told["quarantined"] == [{"picture": "a/bad.jpg", "reason": "the file is empty (0 bytes)"}]
    assert all(finding["verdict"] in {"pass", "warn", "fail", "undecidable"} for finding in told["findings"])


def test_every_finding_that_is_no_pass_says_what_to_do(album, scene, encode):
    files = {
        "a/one.jpg": scene(1),
        "a/copy.png": scene(1),
        "b/one.png": scene(1),
        "b/bad.jpg": b"",
        "b/t.gif": scene(2),
    }
    for finding in audit(album(files), quiet=True).findings:
        assert finding.detail
        assert bool(finding.remedy) == (finding.verdict != Verdict.PASS), finding


def test_sides_are_taken_from_the_table_when_none_are_given(album, scene):
    files = {"a/one.png": scene(1), "a/two.png": scene(1), "a/three.png": scene(2)}
    table = album(files, split=pa.array(["train", "test", None]))
    assert by_check(audit(table, quiet=True))["exact-duplicates-across-splits"].verdict == Verdict.FAIL
    apart = audit(table, sides=np.zeros(3, np.int8), quiet=True)
    assert by_check(apart)["exact-duplicates-across-splits"].verdict == Verdict.PASS
    assert "exact-duplicates-across-splits" not in by_check(audit(album(files), quiet=True))


def test_sixty_thousand_small_arrays_take_seconds():
    table = made(60_000)
    begun = time.process_time()
    found = audit(table, quiet=True)
    assert time.process_time() - begun < 5
    assert found.readable == 60_000
    assert by_check(found)["near-duplicates"].verdict == Verdict.UNDECIDABLE


def test_a_table_without_pictures_is_audited(album):
    assert audit(album({}), quiet=True).pictures == 0
    assert audit(made(0), quiet=True).pictures == 0


def test_the_photographs_hold_two_pairs_of_near_duplicates(shared_data):
    found = audit(open_table(shared_data / "caltech10"), quiet=True)
    assert (found.pictures, found.readable) == (500, 500)
    finding = by_check(found)["near-duplicates"]
    ends = [name.rpartition("train/")[2] for name in finding.names]
    assert ends == [
        "grand_piano/image_0006.jpg",
        "grand_piano/image_0014.jpg",  # the same photograph, enlarged
        "soccer_ball/image_0013.jpg",
        "soccer_ball/image_0058.jpg",  # the same drawing, on another ground
    ]


def test_every_odd_picture_is_read_or_quarantined_with_its_reason(shared_data):
    root = shared_data / "odd-images"
    paths = sorted(str(path.relative_to(root)) for path in root.glob("*/*"))
    labels = pa.array(np.zeros(len(paths), np.int32))
    columns = pa.table({"path": pa.array(paths), "label": labels})
    table = Table(columns=columns, classes=("odd",), source="folder", location=str(root), root=root)
    found = audit(table, quiet=True)
    assert found.pictures == 98
    assert found.readable == 98 - len(found.quarantined) == 77
    assert all(reason for _, _, reason in found.quarantined)
    checks = by_check(found)
    for check in ("wrong-extension", "cmyk", "16-bit", "palette", "alpha", "exif-rotated", "animated", "extreme-sizes"):
        assert checks[check].value > 0, check
    assert checks["wrong-extension"].names == ("made-here/png_named.jpg",)
