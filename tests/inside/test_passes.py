"""Pictures at once: what is asked for, or what their pixels allow."""

import pytest
import torch

from striate.core.errors import RecipeError
from striate.inside.passes import at_once


def test_large_pictures_pass_in_small_batches_and_smaller_ones_with_gradients() -> None:
    small, large = torch.empty(1, 1, 28, 28), torch.empty(1, 3, 224, 224)
    assert at_once(small) == 256
    assert at_once(large) == 41
    assert at_once(large, gradients=True) == 10
    assert at_once(torch.empty(1, 1, 4000, 4000)) == 1


def test_what_is_asked_for_counts() -> None:
    assert at_once(torch.empty(1, 3, 224, 224), 7, gradients=True) == 7
    with pytest.raises(RecipeError, match="batch = 0"):
        at_once(torch.empty(1, 3, 8, 8), 0)
