import pytest
from pydantic import model_validator

from striate.core.errors import RecipeError
from striate.core.records import Record, validated


class Span(Record):
    least: int
    most: int

    @model_validator(mode="after")
    def rises(self) -> "Span":
        if self.most < self.least:
            raise ValueError("most is below least")
        return self


def test_every_fault_is_named_with_its_place_and_value():
    with pytest.raises(RecipeError, match=r"^span: least = 'a': .*; least_ = 3: .*not permitted"):
        validated(Span, {"least": "a", "most": 2, "least_": 3}, "span")


class Pair(Record):
    span: Span


def test_a_fault_of_a_record_names_the_record_and_not_all_its_values():
    with pytest.raises(RecipeError, match=r"^pair: span: most is below least$"):
        validated(Pair, {"span": {"least": 3, "most": 2}}, "pair")


def test_a_fault_of_the_whole_is_told_without_all_values():
    with pytest.raises(RecipeError, match=r"^span: most is below least$"):
        validated(Span, {"least": 3, "most": 2}, "span")
