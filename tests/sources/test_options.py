import pytest

from striate.core.errors import DataError, UnknownName
from striate.sources.options import parse_options, require_range


def read(location, *, count=10, labels="fine"):
    raise NotImplementedError


def test_values_take_the_type_of_the_default():
    assert parse_options("x", "count=3&labels=coarse", read) == {"count": 3, "labels": "coarse"}
    assert parse_options("x", "", read) == {}


def test_an_unknown_option_is_offered_the_nearest():
    with pytest.raises(UnknownName, match="no option of x named 'cout': did you mean count"):
        parse_options("x", "cout=3", read)


@pytest.mark.parametrize("text", ["count=", "count", "count=ten", "count=1.5"])
def test_a_value_that_is_no_whole_number_is_refused_with_its_option(text):
    with pytest.raises(DataError, match=r"x: option count='.*' is no whole number: write count=10"):
        parse_options("x", text, read)


def test_an_option_given_twice_is_refused():
    with pytest.raises(DataError, match="count is given twice"):
        parse_options("x", "count=1&count=2", read)


def test_a_value_out_of_range_is_refused_with_the_range():
    require_range("x", "count", 1, 1, 5)
    require_range("x", "count", 5, 1, 5)
    for value in (0, 6):
        with pytest.raises(DataError, match=rf"option count={value} is not allowed: give a whole number from 1 to 5"):
            require_range("x", "count", value, 1, 5)
