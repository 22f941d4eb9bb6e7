"""Zeiler's five maps, each against the covered picture on its own."""

import torch
from torch import nn

from striate.explain.zeiler import zeiler
from striate.inside.projection import project


def test_each_place_says_what_the_network_says_of_the_picture_covered_there() -> None:
    torch.manual_seed(0)
    body = nn.Sequential(nn.Conv2d(3, 5, 3), nn.ReLU())
    network = nn.Sequential(body, nn.Flatten(), nn.Linear(5 * 6 * 6, 4)).double()
    images, classes = torch.randn(2, 3, 8, 8, dtype=torch.float64), torch.tensor([3, 0])
    found = zeiler(network, images, classes, layer="0", patch=3, stride=2, batch=7)
    with torch.no_grad():
        assert torch.equal(found.units, body(images).sum(dim=(2, 3)).argmax(dim=1))
        for n in range(2):
            for row, top in enumerate(found.windows.tops):
                for column, left in enumerate(found.windows.lefts):
                    hidden = images[n : n + 1].clone()
                    hidden[:, :, top : top + 3, left : left + 3] = 0
                    scores = network(hidden)[0]
                    assert found.labels[n, row, column] == scores.argmax()
                    assert torch.allclose(found.probability[n, row, column], scores.softmax(0)[classes[n]])
                    assert torch.allclose(found.activity[n, row, column], body(hidden)[0, found.units[n]].sum())
    assert len(found.labels.unique()) > 1
    assert torch.equal(found.projections, project(network, images, "0", found.units))
    alone = found.of(1)
    assert torch.equal(alone.labels, found.labels[1:])
    assert (alone.layer, alone.windows) == (found.layer, found.windows)
    assert zeiler(network, images, classes, layer="0", patch=3, projected=False).projections is None
    assert found.windows.spread(found.probability).shape == (2, 8, 8)
