"""Losses, each against its definition."""

import math

import pytest
import torch
from torch import nn

from striate.core.errors import RecipeError
from striate.train import loss
from striate.train.recipe import Loss

SCORES = torch.tensor([[2.0, 0.5, -1.0], [0.0, 0.0, 3.0], [1.0, 1.5, 0.0]])
LABELS = torch.tensor([0, 1, 1])
COUNTS = torch.tensor([10, 30, 60])
ONE_HOT = nn.functional.one_hot(LABELS, 3).float()
MIXED = torch.tensor([[0.7, 0.3, 0.0], [0.0, 0.4, 0.6], [0.0, 1.0, 0.0]])


def _value(recipe: Loss) -> float:
    return _quotient(recipe, LABELS)


def _quotient(recipe: Loss, targets: torch.Tensor) -> float:
    criterion = loss.Criterion(recipe, COUNTS)
    total, weight = criterion(SCORES, targets), criterion.weight(targets)
    return float(total / weight)


def test_cross_entropy_is_the_mean_negative_log_probability() -> None:
    expected = -torch.log_softmax(SCORES, 1)[range(3), LABELS].mean()
    assert _value(Loss()) == pytest.approx(float(expected))


def test_label_smoothing_spreads_a_share_over_all_classes() -> None:
    logs = torch.log_softmax(SCORES, 1)
    targets = torch.full((3, 3), 0.1 / 3)
    targets[range(3), LABELS] += 0.9
    assert _value(Loss(label_smoothing=0.1)) == pytest.approx(float(-(targets * logs).sum(1).mean()))


def test_mse_is_the_squared_distance_to_one_hot() -> None:
    expected = ((SCORES - nn.functional.one_hot(LABELS, 3)) ** 2).mean()
    assert _value(Loss(name="mse")) == pytest.approx(float(expected))


def test_map_is_equation_9_of_lecun_1998() -> None:
    penalties = -SCORES
    total = 0.0
    for row, label in zip(penalties.tolist(), LABELS.tolist(), strict=True):
        total += row[label] + math.log(math.exp(-0.1) + sum(math.exp(-y) for y in row))
    assert _value(Loss(name="map", margin=0.1)) == pytest.approx(total / 3, rel=1e-6)


def test_a_bump_is_highest_at_its_label_and_symmetric() -> None:
    targets = loss.bump_targets(torch.tensor([4]), 9, 1.5)[0]
    assert targets.argmax() == 4
    assert float(targets[4]) == 1
    assert torch.allclose(targets, targets.flip(0))
    assert float(targets[5]) == pytest.approx(math.exp(-0.5 / 1.5**2))


def test_balanced_weights_make_classes_count_alike() -> None:
    weights = loss.class_weights(Loss(class_weights="balanced"), COUNTS)
    assert weights is not None
    assert (weights * COUNTS).tolist() == pytest.approx([100 / 3] * 3)
    each = -torch.log_softmax(SCORES, 1)[range(3), LABELS]
    picked = weights[LABELS]
    assert _value(Loss(class_weights="balanced")) == pytest.approx(float((each * picked).sum() / picked.sum()))


def test_a_class_without_pictures_does_not_upset_the_weights() -> None:
    weights = loss.class_weights(Loss(class_weights="balanced"), torch.tensor([5, 0, 15]))
    assert weights is not None
    assert weights.tolist() == pytest.approx([2.0, 0.0, 2 / 3])


def test_as_many_weights_as_classes_are_needed() -> None:
    with pytest.raises(RecipeError, match="2 values for 3 classes"):
        _value(Loss(class_weights=(1.0, 2.0)))


def test_the_perceptron_criterion_with_single_pictures_is_rosenblatts_rule() -> None:
    torch.manual_seed(0)
    features, labels = torch.randn(60, 5), torch.randint(0, 3, (60,))
    layer = nn.Linear(5, 3)
    nn.init.zeros_(layer.weight)
    nn.init.zeros_(layer.bias)
    by_hand_weight, by_hand_bias = torch.zeros(3, 5), torch.zeros(3)
    descent = torch.optim.SGD(layer.parameters(), lr=1.0)
    criterion = loss.Criterion(Loss(name="perceptron"), COUNTS)
    for feature, label in zip(features, labels, strict=True):
        answer = int((by_hand_weight @ feature + by_hand_bias).argmax())
        if answer != label:
            by_hand_weight[label] += feature
            by_hand_bias[label] += 1
            by_hand_weight[answer] -= feature
            by_hand_bias[answer] -= 1
        descent.zero_grad()
        criterion(layer(feature[None]), label[None]).backward()
        descent.step()
        assert torch.allclose(layer.weight, by_hand_weight, atol=1e-5)
        assert torch.allclose(layer.bias, by_hand_bias, atol=1e-5)


@pytest.mark.parametrize("name", ["cross_entropy", "mse", "bump"])
@pytest.mark.parametrize("weights", ["none", "balanced"])
def test_a_label_and_a_whole_share_of_its_class_are_the_same(name: str, weights: str) -> None:
    recipe = Loss(name=name, class_weights=weights, label_smoothing=0.1)  # type: ignore[arg-type]
    assert _quotient(recipe, ONE_HOT) == pytest.approx(_quotient(recipe, LABELS))


def test_cross_entropy_of_a_mixed_picture_is_its_classes_mixed() -> None:
    logs = torch.log_softmax(SCORES, 1)
    by_hand = [0.7 * logs[0, 0] + 0.3 * logs[0, 1], 0.4 * logs[1, 1] + 0.6 * logs[1, 2], logs[2, 1]]
    assert _quotient(Loss(), MIXED) == pytest.approx(-float(sum(by_hand)) / 3)


def test_mse_and_bump_of_a_mixed_picture_are_distances_to_the_mixed_target() -> None:
    assert _quotient(Loss(name="mse"), MIXED) == pytest.approx(float(((SCORES - MIXED) ** 2).mean()))
    bumps = loss.bump_targets(torch.arange(3), 3, 2.0)
    wanted = torch.stack([0.7 * bumps[0] + 0.3 * bumps[1], 0.4 * bumps[1] + 0.6 * bumps[2], bumps[1]])
    assert _quotient(Loss(name="bump", width=2.0), MIXED) == pytest.approx(float(((SCORES - wanted) ** 2).mean()))


def test_a_mixed_picture_weighs_what_its_classes_weigh() -> None:
    recipe = Loss(class_weights=(1.0, 2.0, 5.0))
    criterion = loss.Criterion(recipe, COUNTS)
    total, weight = criterion(SCORES, MIXED), criterion.weight(MIXED)
    each = -(MIXED * torch.log_softmax(SCORES, 1)).sum(1)
    weights = torch.tensor([0.7 * 1 + 0.3 * 2, 0.4 * 2 + 0.6 * 5, 2.0])
    assert float(weight) == pytest.approx(float(weights.sum()))
    assert float(total) == pytest.approx(float((each * weights).sum()))
