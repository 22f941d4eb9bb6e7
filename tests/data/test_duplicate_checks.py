import numpy as np
import pytest
from PIL import Image, ImageEnhance

from striate.core.findings import Verdict
from striate.data import duplicates
from striate.data.duplicate_checks import findings
from striate.data.examine import examine

NEAR = "near-duplicates"
EXACT = "exact-duplicates"


def checked(table, sides=None, near=None):
    numbers = None if sides is None else np.array(sides, np.int8)
    return {f.check: f for f in findings(table, examine(table, near=near, quiet=True), numbers, near=near)}


def brighter(picture):
    return ImageEnhance.Brightness(picture).enhance(1.15)


def test_exact_copies_are_told_group_by_group(album, scene):
    files = {"a/1.png": scene(1), "a/2.png": scene(2), "a/3.png": scene(1), "a/4.png": scene(2), "a/5.png": scene(3)}
    found = checked(album(files))[EXACT]
    assert (found.verdict, found.value) == (Verdict.WARN, 4)
    assert found.names == ("a/1.png", "a/3.png", "a/2.png", "a/4.png")
    assert found.detail.startswith("4 pictures in 2 groups of the same content, such as a/1.png and a/3.png")


def test_exact_copies_across_splits_fail_and_name_a_pair(album, scene):
    table = album({"a/1.png": scene(1), "a/2.png": scene(1), "a/3.png": scene(2), "a/4.png": scene(2)})
    found = checked(table, [0, 2, 1, 1])[f"{EXACT}-across-splits"]
    assert (found.verdict, found.rows) == (Verdict.FAIL, (0, 1))
    assert "1 in train, 1 in test, such as a/1.png and a/2.png" in found.detail


def test_a_picture_on_no_side_leaks_nothing(album, scene):
    table = album({"a/1.png": scene(1), "a/2.png": scene(1)})
    assert checked(table, [0, -1])[f"{EXACT}-across-splits"].verdict == Verdict.PASS
    assert f"{EXACT}-across-splits" not in checked(table)


def test_exact_copies_with_different_labels_fail(album, scene):
    found = checked(album({"cat/1.png": scene(1), "dog/1.png": scene(1), "dog/2.png": scene(2)}))
    finding = found[f"{EXACT}-with-different-labels"]
    assert (finding.verdict, finding.value) == (Verdict.FAIL, 2)
    assert finding.detail.endswith("cat/1.png and dog/1.png (cat and dog)")


def test_near_copies_are_told_across_splits_and_labels(album, scene):
    files = {
        "a/1.png": scene(1),
        "a/2.jpg": scene(1).resize((100, 75)),
        "b/3.png": brighter(scene(1)),
        "a/4.png": scene(2),
        "b/5.png": scene(3),
    }
    found = checked(album(files), [0, 0, 2, 2, 0])
    assert found[EXACT].verdict == Verdict.PASS
    assert (found[NEAR].verdict, found[NEAR].names) == (Verdict.WARN, ("a/1.png", "a/2.jpg", "b/3.png"))
    assert (found[f"{NEAR}-across-splits"].verdict, found[f"{NEAR}-across-splits"].value) == (Verdict.FAIL, 3)
    assert found[f"{NEAR}-with-different-labels"].verdict == Verdict.WARN


def test_exact_copies_alone_are_no_near_copies(album, scene):
    found = checked(album({"a/1.png": scene(1), "a/2.png": scene(1), "a/3.png": scene(2)}), [0, 2, 0])
    assert found[EXACT].value == 2
    assert found[NEAR].verdict == Verdict.PASS


def test_a_near_copy_of_a_picture_that_is_there_twice_brings_all_three(album, scene):
    found = checked(album({"a/1.png": scene(1), "a/2.png": scene(1), "a/3.png": brighter(scene(1))}))
    assert found[NEAR].rows == (0, 1, 2)


def test_blank_pictures_are_no_near_copies_of_each_other(album, scene):
    found = checked(album({f"a/{level}.png": Image.new("L", (80, 80), level) for level in range(4)}))
    assert found[NEAR].verdict == Verdict.PASS


@pytest.mark.parametrize(("near", "reason"), [(None, "under 64 px"), (False, "turned off")])
def test_a_look_for_near_copies_that_was_not_made_never_passes(album, scene, near, reason):
    files = {f"a/{seed}.png": scene(seed, 40, 40) for seed in range(3)}
    finding = checked(album(files), near=near)[NEAR]
    assert (finding.verdict, finding.value) == (Verdict.UNDECIDABLE, None)
    assert reason in finding.detail
    assert checked(album(files), near=True)[NEAR].verdict == Verdict.PASS


def test_pictures_left_out_of_the_look_are_counted(album, scene):
    found = checked(album({"a/1.png": scene(1), "a/2.png": scene(2), "a/small.png": scene(3, 40, 40)}))
    assert found[NEAR].verdict == Verdict.PASS
    assert "1 picture under 64 px" in found[NEAR].detail


def test_a_table_too_alike_to_decide_says_so(album, scene, monkeypatch):
    monkeypatch.setattr(duplicates, "COMPARISONS", 2)
    table = album({f"a/{seed}.png": brighter(scene(1, 120 + seed, 90)) for seed in range(6)})
    finding = checked(table)[NEAR]
    assert finding.verdict == Verdict.UNDECIDABLE
    assert "too alike" in finding.detail


def test_an_unreadable_picture_is_a_copy_only_of_the_same_bytes(album, scene):
    found = checked(album({"a/1.jpg": b"text", "a/2.jpg": b"other", "a/3.jpg": scene(1)}))
    assert found[EXACT].verdict == Verdict.PASS
