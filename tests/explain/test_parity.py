"""The same maps as captum where captum is right: modules as ReLUs, no in-place writing, away from the borders."""

from typing import Any

import pytest
import torch
from torch import Tensor, nn

from striate.explain import explain

pytestmark = pytest.mark.reference

CLASSES = torch.tensor([3, 0, 1])


def network() -> nn.Sequential:
    torch.manual_seed(0)
    body = [nn.Conv2d(3, 8, 3, padding=1), nn.BatchNorm2d(8), nn.ReLU(), nn.MaxPool2d(3, 2)]
    more = [nn.Conv2d(8, 12, 3), nn.ReLU(), nn.AdaptiveAvgPool2d(2), nn.Flatten(), nn.Linear(48, 10), nn.ReLU()]
    return nn.Sequential(*body, *more, nn.Linear(10, 4)).eval()


def pictures() -> Tensor:
    return torch.randn(3, 3, 17, 17, generator=torch.Generator().manual_seed(1))


@pytest.mark.parametrize(
    ("method", "theirs", "options"),
    [
        ("saliency", "Saliency", {"abs": False}),
        ("guided-backpropagation", "GuidedBackprop", {}),
        ("deconvnet", "Deconvolution", {}),
    ],
)
def test_gradients_by_every_rule_agree(method: str, theirs: str, options: dict[str, Any]) -> None:
    captum = pytest.importorskip("captum.attr")
    wanted = getattr(captum, theirs)(network()).attribute(pictures().requires_grad_(), target=CLASSES, **options)
    found = explain(network(), pictures(), CLASSES, method=method).channels
    assert wanted.abs().max() > 1e-3
    assert (found - wanted.detach()).abs().max() < 1e-5


def test_integrated_gradients_agree() -> None:
    captum = pytest.importorskip("captum.attr")
    baseline = pictures().roll(1, 0)  # of each picture another one
    attribution = captum.IntegratedGradients(network())
    wanted, delta = attribution.attribute(
        pictures(),
        baseline,
        target=CLASSES,
        n_steps=40,
        method="gausslegendre",
        return_convergence_delta=True,
    )
    found = explain(network(), pictures(), CLASSES, method="integrated-gradients", baseline=baseline, steps=40, most=40)
    with torch.no_grad():
        change = (network()(pictures()) - network()(baseline)).gather(1, CLASSES[:, None])[:, 0]
    assert (found.channels - wanted).abs().max() < 1e-5
    assert ((delta / change).abs() - found.completeness).abs().max() < 1e-4


def test_occlusion_agrees_where_no_window_is_clipped() -> None:
    captum = pytest.importorskip("captum.attr")
    wanted = captum.Occlusion(network()).attribute(pictures(), (3, 5, 5), strides=(3, 3, 3), target=CLASSES)
    found = explain(network(), pictures(), CLASSES, method="occlusion", patch=5, stride=3, measure="score")
    assert wanted.abs().max() > 1e-3
    assert (found.values - wanted[:, 0]).abs().max() < 1e-5  # 5 + 4 * 3 = 17: all windows lie within
