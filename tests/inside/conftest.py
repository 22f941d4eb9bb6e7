"""What the tests of looking inside share: small networks whose ways are awkward."""

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F


class Reusing(nn.Module):
    """One ReLU for all, a functional one that writes into maps, a skip connection, and an auxiliary head."""

    def __init__(self) -> None:
        super().__init__()
        self.stem, self.conv = nn.Conv2d(2, 4, 3, padding=1), nn.Conv2d(4, 4, 3, padding=1)
        self.norm, self.relu = nn.BatchNorm2d(4), nn.ReLU(inplace=True)
        self.auxiliary, self.drop = nn.Linear(4, 3), nn.Dropout(0.5)
        self.head = nn.Linear(4, 3)

    def forward(self, x: Tensor) -> Tensor:
        x = self.relu(self.stem(x))
        x = self.relu(self.norm(self.conv(x)) + x)
        y = self.conv(x)
        F.relu_(y[:, :2])
        return self.head(self.drop((y + x).mean((2, 3))))


@pytest.fixture
def reusing() -> nn.Module:
    torch.manual_seed(0)
    network = Reusing()
    with torch.no_grad():
        for tensor in (network.norm.running_mean, network.norm.running_var):
            tensor.add_(torch.rand_like(tensor))
    return network
