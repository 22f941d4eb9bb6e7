"""Checkpoints: what is restored is what was saved, in memory as in value."""

from pathlib import Path

import torch
from torch import nn

from striate.train import checkpoint
from striate.train.checkpoint import State


def _training(seed: int) -> tuple[nn.Module, torch.optim.Optimizer]:
    torch.manual_seed(seed)
    network = nn.Sequential(nn.Conv2d(4, 8, 3), nn.Flatten(), nn.Linear(8, 3)).to(memory_format=torch.channels_last)
    return network, torch.optim.SGD(network.parameters(), lr=0.1, momentum=0.9, fused=True)


def _step(network: nn.Module, optimizer: torch.optim.Optimizer) -> None:
    optimizer.zero_grad()
    images = torch.randn(2, 4, 3, 3, generator=torch.Generator().manual_seed(1))
    network(images.to(memory_format=torch.channels_last)).square().sum().backward()
    optimizer.step()


def test_a_restored_training_steps_on_to_the_same_bits_in_channels_last_and_one_pass(tmp_path: Path) -> None:
    network, optimizer = _training(0)
    _step(network, optimizer)
    checkpoint.save(tmp_path / "last", network, optimizer, None, State(step=1))
    _step(network, optimizer)

    again, restored = _training(5)
    state = checkpoint.load(tmp_path / "last", again, restored, None)
    assert state is not None
    assert state.step == 1
    for parameter, values in restored.state.items():
        assert values["momentum_buffer"].stride() == parameter.stride()
    _step(again, restored)
    for ours, theirs in zip(network.parameters(), again.parameters(), strict=True):
        assert torch.equal(ours, theirs)


def test_no_checkpoint_is_no_state(tmp_path: Path) -> None:
    assert checkpoint.load(tmp_path / "last", *_training(0), None) is None
