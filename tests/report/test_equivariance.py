import pytest
import torch
from torch.nn import functional as F

from striate.report.equivariance import LAYERS, departure, equivariance, faded, ring
from striate.sources import shapes

PICTURE = shapes.draw(2, size=32, seed=0).pixels
GRAY = faded(PICTURE)
CLOSED, ZEROS, STRIDE, POOLED = LAYERS.values()


@pytest.mark.parametrize("shift", [(0, 1), (1, 0), (3, -5), (16, 7)])
def test_a_convolution_answers_to_a_shifted_picture_with_its_answer_shifted(shift: tuple[int, int]) -> None:
    assert departure(CLOSED, GRAY, shift) < 1e-12


def test_zeros_at_the_border_break_it_at_the_border_alone() -> None:
    assert departure(ZEROS, GRAY, (0, 1)) > 0.05
    inner = (F.conv2d(torch.roll(GRAY, 1, 3), torch.ones(1, 1, 3, 3).double(), padding=1)[..., 2:-2])[..., 1:]
    assert torch.equal(inner, F.conv2d(GRAY, torch.ones(1, 1, 3, 3).double(), padding=1)[..., 2:-3])


@pytest.mark.parametrize("layer", [STRIDE, POOLED])
def test_stride_and_pooling_keep_only_shifts_by_whole_steps(layer) -> None:
    assert departure(layer, GRAY, (0, 1)) > 0.05
    assert departure(layer, GRAY, (1, 0)) > 0.05
    assert departure(layer, GRAY, (2, -4)) < 1e-12


def test_a_small_shift_changes_pooled_answers_less_than_those_taken_at_every_second_place() -> None:
    assert departure(POOLED, GRAY, (0, 1)) < departure(STRIDE, GRAY, (0, 1))


def test_the_measure_is_the_norm_of_the_difference() -> None:
    def shaded(maps: torch.Tensor) -> torch.Tensor:
        return maps * torch.linspace(0, 1, 32).double()

    expected = (shaded(torch.roll(GRAY, 3, 3)) - torch.roll(shaded(GRAY), 3, 3)).norm() / shaded(GRAY).norm()
    assert departure(shaded, GRAY, (0, 3)) == pytest.approx(expected.item())


def test_the_figure_has_a_row_for_each_layer_and_says_what_differs() -> None:
    axes = equivariance(PICTURE).axes
    assert len(axes) == 4 * len(LAYERS)
    assert [axis.get_xlabel() for axis in axes[3::4]] == [f"{departure(f, GRAY, (0, 1)):.1%}" for f in LAYERS.values()]
    assert (axes[2].images[0].get_array() == ring(torch.roll(GRAY, 1, 3))[0, 0].numpy()).all()
