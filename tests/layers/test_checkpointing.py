import copy

import torch
from torch import Tensor, nn

from striate.layers.checkpointing import Checkpointed


def chain(kind: type[nn.Sequential]) -> nn.Module:
    torch.manual_seed(0)
    layers = [nn.Conv2d(3, 6, 3), nn.BatchNorm2d(6), nn.ReLU(), nn.Dropout(0.5), nn.Conv2d(6, 4, 3)]
    return nn.Sequential(nn.Conv2d(3, 3, 1), kind(*layers))


def trained(module: nn.Module, images: Tensor) -> dict[str, Tensor]:
    torch.manual_seed(1)
    for _ in range(3):
        module(images).square().sum().backward()
    gradients = {f"gradient of {name}": weights.grad for name, weights in module.named_parameters()}
    return {**gradients, **module.state_dict()}


def test_gradients_and_statistics_are_those_of_the_plain_chain_to_the_bit() -> None:
    images = torch.randn(4, 3, 9, 9)
    plain, saving = trained(chain(nn.Sequential), images), trained(chain(Checkpointed), images)
    assert plain.keys() == saving.keys()
    assert all(torch.equal(plain[name], saving[name]) for name in plain)
    assert saving["1.1.num_batches_tracked"] == 3


def test_less_is_kept_for_the_backward_pass() -> None:
    def kept(module: nn.Module) -> int:
        sizes: list[int] = []

        def pack(tensor: Tensor) -> Tensor:
            sizes.append(tensor.numel())
            return tensor

        with torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor):
            module(torch.randn(4, 3, 9, 9)).sum()
        return sum(sizes)

    assert kept(chain(Checkpointed)) < kept(chain(nn.Sequential)) / 2


def test_in_evaluation_it_is_a_plain_chain() -> None:
    module = chain(Checkpointed).eval()
    before = copy.deepcopy(module.state_dict())
    images = torch.randn(2, 3, 9, 9)
    assert torch.equal(module(images), chain(nn.Sequential).eval()(images))
    assert all(torch.equal(before[name], value) for name, value in module.state_dict().items())
