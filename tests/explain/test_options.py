"""Options of other types than a method takes are refused by name, before anything is computed."""

from typing import Any

import numpy as np
import pytest
import torch

from striate.core.errors import RecipeError
from striate.explain.options import require_options


@pytest.mark.parametrize(
    ("method", "option", "value", "takes"),
    [
        ("integrated-gradients", "steps", "abc", "a whole number"),
        ("integrated-gradients", "steps", 2.5, "a whole number"),
        ("integrated-gradients", "steps", True, "a whole number"),
        ("integrated-gradients", "tolerance", float("nan"), "a finite number"),
        ("integrated-gradients", "baseline", 1, "a name or a tensor"),
        ("occlusion", "patch", (3, "a"), "a whole number or (a whole number, a whole number) or None"),
        ("occlusion", "patch", (3,), "a whole number or (a whole number, a whole number) or None"),
        ("occlusion", "measure", "logit", "probability or score"),
        ("gradcam", "layer", 5, "a name or None"),
        ("scorecam", "baseline", "gray", "a tensor or a finite number"),
    ],
)
def test_a_value_of_another_type_is_named_with_what_is_taken(method: str, option: str, value: Any, takes: str) -> None:
    with pytest.raises(RecipeError) as raised:
        require_options(method, {option: value})
    assert str(raised.value) == f"{option} = {value!r} is no value for {method}: it takes {takes}"


def test_values_of_the_types_of_a_method_are_taken() -> None:
    require_options("integrated-gradients", {"steps": np.int64(3), "tolerance": 1, "baseline": "gray", "batch": None})
    require_options("integrated-gradients", {"baseline": torch.zeros(3), "tolerance": np.float32(0.1)})
    require_options("occlusion", {"patch": (3, 4), "stride": 2, "measure": "score"})
