"""Occlusion: on a linear model exactly what the patch hides, up to the border."""

import pytest
import torch
from torch import nn

from striate.core.errors import RecipeError
from striate.explain import explain
from striate.explain.occlusion import answers, windows


def test_every_pixel_of_an_even_linear_model_falls_by_the_whole_patch() -> None:
    network = nn.Sequential(nn.Flatten(), nn.Linear(64, 1, bias=False))
    network[1].weight.data.fill_(1)
    maps = explain(
        network, torch.ones(1, 1, 8, 8), torch.tensor([0]), method="occlusion", patch=3, stride=2, measure="score"
    )
    assert torch.equal(maps.values, torch.full((1, 8, 8), 9.0))


@pytest.mark.parametrize("stride", [1, 2, (3, 2)])
def test_of_a_linear_model_it_is_the_mean_over_windows_of_what_they_hide(stride: int | tuple[int, int]) -> None:
    torch.manual_seed(0)
    linear = nn.Linear(3 * 8 * 7, 2).double()
    images = torch.randn(2, 3, 8, 7, dtype=torch.float64)
    fill = torch.tensor([0.5, -1.0, 2.0], dtype=torch.float64)
    maps = explain(
        nn.Sequential(nn.Flatten(), linear), images, torch.tensor([1, 0]),
        method="occlusion", patch=(4, 3), stride=stride, measure="score", fill=fill,
    )  # fmt: skip
    weights = linear.weight.detach().flip(0).view(2, 3, 8, 7)
    parts = (weights * (images - fill[:, None, None])).sum(dim=1)
    total, count = torch.zeros_like(parts), torch.zeros(8, 7)
    laid = windows((8, 7), (4, 3), stride)
    for top in laid.tops:
        for left in laid.lefts:
            place = (slice(top, top + 4), slice(left, left + 3))
            total[:, *place] += parts[:, *place].sum(dim=(1, 2))[:, None, None]
            count[place] += 1
    assert count.min() >= 1
    assert torch.allclose(maps.values, total / count)


def test_the_last_windows_keep_their_size_and_end_at_the_border() -> None:
    laid = windows((10, 7), 4, 3)
    assert (laid.tops, laid.lefts) == ((0, 3, 6), (0, 3))
    assert windows((9, 4), 4, 4).tops == (0, 4, 5)
    assert windows((4, 4), 4).tops == (0,)
    assert windows((224, 224)).patch == (32, 32)
    assert len(windows((224, 224)).tops) == 13


@pytest.mark.parametrize(("patch", "stride"), [(9, 1), (3, 4), ((0, 2), 1), (3, 0), (0, None)])
def test_patches_that_do_not_fit_or_leave_pixels_out_are_refused(
    patch: int | tuple[int, int], stride: int | None
) -> None:
    with pytest.raises(RecipeError, match=r"does not fit|left out"):
        windows((8, 8), patch, stride)


def test_a_probability_falls_by_what_the_softmax_says() -> None:
    network = nn.Sequential(nn.Flatten(), nn.Linear(16, 3))
    image = torch.randn(1, 1, 4, 4)
    maps = explain(network, image, torch.tensor([2]), method="occlusion", patch=4)
    with torch.no_grad():
        fall = network(image).softmax(1)[0, 2] - network(torch.zeros_like(image)).softmax(1)[0, 2]
    assert torch.allclose(maps.values, fall.expand(1, 4, 4))


@pytest.mark.parametrize(("ahead", "stays"), [(50.0, "100.0%"), (-2.1972, "10.0%")])
def test_a_probability_that_no_patch_changes_is_named_and_a_score_that_changes_is_not_noted(
    ahead: float, stays: str
) -> None:
    network = nn.Sequential(nn.Flatten(), nn.Linear(16, 2))
    network[1].bias.data = torch.tensor([ahead, 0.0])
    network[1].weight.data *= 1e-4
    image, classes = torch.randn(1, 1, 4, 4), torch.tensor([0])
    (note,) = explain(network, image, classes, method="occlusion").notes
    assert f"the softmax of the class's score (not calibrated) stays {stays}" in note
    assert "saturated" not in note
    assert explain(network, image, classes, method="occlusion", measure="score").notes == ("",)


def test_a_score_that_no_patch_changes_is_named() -> None:
    network = nn.Sequential(nn.Flatten(), nn.Linear(16, 2))
    network[1].weight.data.zero_()
    network[1].bias.data = torch.tensor([3.0, 0.0])
    maps = explain(network, torch.ones(1, 1, 4, 4), torch.tensor([0]), method="occlusion", measure="score")
    assert "the score of the class stays 3;" in maps.notes[0]


def test_another_measure_is_refused() -> None:
    image, classes = torch.randn(1, 1, 4, 4), torch.tensor([0])
    with pytest.raises(RecipeError, match=r"measure = 'logit' .*: it takes probability or score"):
        explain(nn.Flatten(), image, classes, method="occlusion", measure="logit")
    with pytest.raises(RecipeError, match="measure = logit"):
        answers(torch.zeros(1, 2), classes, "logit")  # type: ignore[arg-type]
