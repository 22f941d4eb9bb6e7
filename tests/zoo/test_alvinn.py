import torch

from striate import zoo
from striate.zoo.alvinn import steering


def hill(center: float, *, width: float = 10.0) -> torch.Tensor:
    return torch.exp(-((torch.arange(30) - center) ** 2) / width)


def test_it_takes_roads_of_30_by_32_to_30_directions_between_0_and_1() -> None:
    scores = zoo.create("alvinn")(torch.randn(2, 1, 30, 32))
    assert scores.shape == (2, 30)
    assert ((scores > 0) & (scores < 1)).all()


def test_the_output_can_be_left_linear() -> None:
    network = zoo.create("alvinn", output="linear")
    assert network(torch.randn(50, 1, 30, 32)).min() < 0
    assert network.parameter_count() == 4_985


def test_steering_is_the_center_of_the_hill_also_between_two_units() -> None:
    activations = torch.stack([hill(12), hill(12.5), hill(20.25)])
    assert torch.allclose(steering(activations), torch.tensor([12.0, 12.5, 20.25]), atol=0.05)


def test_steering_is_not_moved_by_a_second_smaller_hill() -> None:
    assert torch.allclose(steering((hill(8) + 0.5 * hill(24))[None]), torch.tensor([8.0]), atol=0.05)


def test_steering_of_outputs_without_a_hill_is_a_number() -> None:
    assert steering(torch.zeros(1, 30)).isfinite().all()
