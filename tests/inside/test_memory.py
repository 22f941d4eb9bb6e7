"""Training memory: closed forms, and autograd's own choices."""

import pytest
import torch
from torch import nn

from striate.core.errors import DoesNotApply
from striate.inside.memory import training_memory
from striate.inside.phantom import of_model

MAP = 4 * 10 * 6 * 6  # bytes of one map of 10 pictures of 6 x 6


def kept(*layers: nn.Module) -> dict[str, int]:
    return dict(training_memory(nn.Sequential(*layers), (2, 6, 6), batch=10).activations)


def test_a_relu_keeps_its_output_and_in_place_nothing_more() -> None:
    convolution = nn.Conv2d(2, 3, 1)
    assert kept(convolution, nn.ReLU()) == {"1": 3 * MAP}
    assert kept(convolution, nn.ReLU(inplace=True)) == {"0": 3 * MAP}


def test_a_convolution_keeps_its_input_for_the_gradient_of_its_weights() -> None:
    assert kept(nn.Sigmoid(), nn.Conv2d(2, 3, 1), nn.Sigmoid()) == {"0": 2 * MAP, "2": 3 * MAP}


def test_a_maximum_keeps_its_input_and_places() -> None:
    found = kept(nn.Conv2d(2, 2, 1), nn.MaxPool2d(2))
    assert found == {"0": 2 * MAP, "1": 2 * MAP // 4 + 2 * 2 * MAP // 4}  # the places are of eight bytes


@pytest.mark.parametrize(("optimizer", "values"), [("sgd", 1), ("adam", 2)])
def test_weights_gradients_and_state_are_counted(optimizer: str, values: int) -> None:
    network = nn.Sequential(nn.Conv2d(2, 3, 1, bias=False), nn.BatchNorm2d(3))
    network[1].weight.requires_grad = False
    found = training_memory(network, (2, 6, 6), batch=10, optimizer=optimizer)
    assert found.gradients == 4 * (6 + 3)
    assert found.weights == 4 * (6 + 3 + 3 + 3 + 3) + 8  # and the count of batches
    assert found.state == values * found.gradients
    assert found.images == 2 * MAP
    assert found.total == found.weights + found.gradients + found.state + found.images + sum(found.activations.values())


def test_what_autograd_keeps_of_a_real_step_is_what_is_counted() -> None:
    network = of_model("resnet20")
    found = training_memory(network, (3, 32, 32), batch=4)
    real = type(network)(network.stem, network.stages, network.head).to_empty(device="cpu").train()
    saved: dict[int, int] = {}

    def pack(tensor: torch.Tensor) -> torch.Tensor:
        saved[tensor.untyped_storage().data_ptr()] = tensor.untyped_storage().nbytes()
        return tensor

    images = torch.rand(4, 3, 32, 32)
    with torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor):
        scores = real(images)
    for tensor in (images, *real.parameters(), *real.buffers()):
        saved.pop(tensor.untyped_storage().data_ptr(), None)
    assert sum(saved.values()) + scores.untyped_storage().nbytes() == found.kept


def test_checkpointing_keeps_less() -> None:
    full, less = (
        training_memory(of_model("densenet_40_12", checkpointing=choice), (3, 32, 32), batch=2).kept
        for choice in ("off", "on")
    )
    assert less < full / 4


def test_auxiliary_heads_are_counted_as_in_training() -> None:
    found = training_memory(of_model("googlenet", image_size=32, num_classes=3), (3, 32, 32), batch=2)
    assert any(name.startswith("auxiliary.") for name in found.activations)


def test_too_few_pictures_for_batch_norm_are_refused() -> None:
    network = nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.BatchNorm2d(2))
    with pytest.raises(DoesNotApply, match="more than 1 value per channel"):
        training_memory(network, (2, 6, 6), batch=1)
