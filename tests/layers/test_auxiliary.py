from collections import OrderedDict

import torch
from torch import nn

from striate.layers.auxiliary import Auxiliary


def test_it_is_its_layers_in_order_and_says_what_it_reads() -> None:
    head = Auxiliary(OrderedDict(flatten=nn.Flatten(), linear=nn.Linear(8, 3)), reads="stages.0.a", weight=0.3)
    maps = torch.rand(2, 2, 2, 2)
    assert torch.equal(head(maps), head.layers.linear(maps.flatten(1)))
    assert "reads=stages.0.a, weight=0.3" in str(head)
