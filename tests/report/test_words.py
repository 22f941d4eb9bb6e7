import pytest

from striate.evaluate.accuracy import measure
from striate.report import words


def plain(text: str) -> str:
    return text.replace("\u202f", " ")


@pytest.mark.parametrize(
    ("value", "written"),
    [
        (0.9166, "91.7 %"),
        (1.0, "100 %"),
        (0.0, "0 %"),
        (0.9996, "99.96 %"),
        (0.99999, ">99.99 %"),
        (0.00001, "<0.01 %"),
        (0.0004, "0.04 %"),
        (None, "\u2013"),
    ],
)
def test_a_share_is_never_rounded_to_all_or_nothing(value, written):
    assert plain(words.percent(value)) == written


@pytest.mark.parametrize(
    ("value", "written"), [(12000, "12,000"), (1.23456, "1.23"), (2e-16, "<0.0001"), (0, "0"), (None, "\u2013")]
)
def test_numbers_have_three_digits_or_their_thousands(value, written):
    assert words.number(value) == written


@pytest.mark.parametrize(
    ("seconds", "written"),
    [(3.21, "3.2 s"), (48.2, "48 s"), (90, "2 min"), (5340, "89 min"), (5400, "1 h 30 min"), (None, "\u2013")],
)
def test_times_are_written_as_people_say_them(seconds, written):
    assert words.duration(seconds) == written


def test_an_interval_that_does_not_exist_says_why():
    missing = {"value": None, "low": None, "high": None, "reason": "never the answer"}
    assert words.span(missing) == "never the answer"
    assert plain(words.span({"low": 0.921, "high": 0.966})) == "92.1 to 96.6 %"
    assert words.span({"low": 0.208, "high": 1.5}, as_percent=False) == "0.208 to 1.5"


def test_long_lists_say_how_many_more_there_are():
    assert words.listed(["a", "b", "c"], 2) == "a, b and 1 more"
    assert words.listed(["a", "b"], 2) == "a, b"


def test_remarks_of_other_rooms_become_sentences():
    assert words.sentence("all 9 can be read") == "All 9 can be read."
    assert words.sentence("Remove one.") == "Remove one."
    assert words.sentence("") == ""


def test_one_picture_is_not_pictures():
    assert (words.pictures(1), words.pictures(1200, "test")) == ("1 picture", "1,200 test pictures")


def test_the_cautions_name_the_baseline_the_seed_and_what_is_missing():
    scores = [[2.0, 0, 0], [0, 2.0, 0], [2.0, 0, 0]]
    measured = measure(scores, [0, 1, 0], ["cat", "dog", "fox"], unanswered_labels=[1])
    said = [plain(sentence) for sentence in words.cautions("test", measured, 7)]
    assert said == [
        "1 test picture could not be read and counts as wrong.",
        "No test pictures show fox: nothing is known about it.",
        "Always answering “cat” would be right on 50.0 % (dashed).",
        "The interval is about the choice of pictures; it comes from one training with seed 7.",
    ]


@pytest.mark.parametrize(("stretch", "said"), [(20.0, "surer than right"), (0.05, "less sure than right")])
def test_miscalibration_is_said_with_its_direction(stretch, said):
    labels = [0] * 70 + [1] * 30  # the answer is always 0: right on 70 %
    found = measure([[stretch, 0.0]] * 100, labels, ["a", "b"])["calibration"]
    assert found["exceeds_null"]
    assert said in words.calibration(found)


def test_calibration_inside_its_null_band_is_not_called_wrong():
    scores = [[0.847298, 0.0]] * 100  # 70 %
    found = measure(scores, [0] * 70 + [1] * 30, ["a", "b"])["calibration"]
    assert words.calibration(found).endswith("So no miscalibration can be seen.")
