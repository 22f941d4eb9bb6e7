import pytest
from typer import BadParameter

from striate.cli.quantities import count, short, span


@pytest.mark.parametrize(
    ("text", "number"),
    [("5M", 5_000_000), ("5m", 5_000_000), ("4.1G", 4_100_000_000), ("300k", 300_000), ("12", 12), ("5,000", 5_000)],
)
def test_a_count_is_read_with_its_unit(text, number):
    assert count(text) == number


@pytest.mark.parametrize("text", ["", "M", "5X", "-5", "0", "nan", "inf", "5MM"])
def test_what_is_no_count_is_refused_with_how_to_write_one(text):
    with pytest.raises(BadParameter, match="write it as 5000000, 5M"):
        count(text)


@pytest.mark.parametrize(("text", "ends"), [("2015", (2015, 2015)), ("2014-2016", (2014, 2016)), ("28 - 32", (28, 32))])
def test_a_span_has_two_ends_or_one_for_both(text, ends):
    assert span(text) == ends


@pytest.mark.parametrize("text", ["", "-", "2016-2014", "2014-", "x", "-2014", "2014-2015-2016"])
def test_what_is_no_span_is_refused_with_how_to_write_one(text):
    with pytest.raises(BadParameter, match="write it as 2015 or 2014-2016"):
        span(text)


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (0, "0"),
        (999, "999"),
        (2_578, "2.58k"),
        (9_994, "9.99k"),
        (9_996, "10.0k"),
        (99_960, "100k"),
        (999_400, "999k"),
        (999_600, "1.00M"),
        (25_557_032, "25.6M"),
        (15_470_264_320, "15.5G"),
    ],
)
def test_a_number_is_shown_with_three_digits_and_its_unit(number, text):
    assert short(number) == text
