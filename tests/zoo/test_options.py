import math
from typing import Any

import pytest

from striate.core.errors import RecipeError, UnknownName
from striate.zoo.mlp import OPTIONS
from striate.zoo.options import describe, resolve


def test_options_come_from_the_row_and_what_is_given_wins() -> None:
    chosen = resolve("mlp", {"dropout": 0}, OPTIONS)
    assert chosen == {"activation": "relu", "dropout": 0, "input_dropout": 0.2, "norm": "none", "init": "auto"}


@pytest.mark.parametrize("value", [1, 1.5, -0.1, math.nan, True, "0.5", None])
def test_a_number_out_of_its_range_is_refused_with_the_range(value: Any) -> None:
    with pytest.raises(RecipeError, match=r"mlp: dropout = .* it takes a number from 0 up to, but not including, 1"):
        resolve("mlp", {"dropout": value}, OPTIONS)


@pytest.mark.parametrize("value", ["swish", 3, None])
def test_a_choice_that_is_none_is_refused_with_the_choices(value: Any) -> None:
    with pytest.raises(RecipeError, match="it takes relu or tanh or sigmoid or squash"):
        resolve("mlp", {"activation": value}, OPTIONS)


def test_an_option_of_another_variant_is_unknown() -> None:
    with pytest.raises(UnknownName, match="no option of plain20 named 'shortcut'"):
        resolve("plain20", {"shortcut": "A"}, {"shortcut": ("A", "B")})


def test_every_default_is_allowed() -> None:
    from importlib import import_module

    from striate.zoo import MODELS

    for row in MODELS.values():
        assert resolve(row.name, row.options, import_module(row.module).OPTIONS) == row.options


def test_choices_read_as_words() -> None:
    assert describe(("A", "B")) == "A or B"
