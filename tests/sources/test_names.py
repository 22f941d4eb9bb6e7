import random

from hypothesis import given
from hypothesis import strategies as st

from striate.sources.names import class_name, class_order, shown, side_of


def test_numbers_are_ordered_by_value():
    assert class_order(["10", "9", "-1", "2.5"]) == ("-1", "2.5", "9", "10")


def test_runs_of_digits_within_names_are_ordered_by_value():
    assert class_order(["class10", "class9", "a"]) == ("a", "class9", "class10")


def test_names_without_digits_are_ordered_by_code_point_as_elsewhere():
    names = ["Leopards", "airplanes", "Faces", "éclair"]
    assert class_order(names) == tuple(sorted(names))


@given(st.lists(st.text("aé01- .²", max_size=5)))
def test_the_order_depends_on_nothing_but_the_names(names):
    mixed = names.copy()
    random.Random(0).shuffle(mixed)
    ordered = class_order(names)
    assert ordered == class_order(mixed)
    assert sorted(ordered) == sorted(set(names))


def test_names_that_look_equal_are_equal():
    assert class_name(" cafe\u0301 ") == class_name("caf\u00e9")


def test_sides_are_known_in_every_spelling_and_case():
    assert [side_of(name) for name in ("Train", "training", "VAL", "valid", "validation", " test ")] == [
        *["train"] * 2,
        *["val"] * 3,
        "test",
    ]
    assert side_of("trains") is None


def test_bytes_that_are_no_text_can_be_shown():
    assert shown("caf\udce9") == "caf\\xe9"
