"""A network whose pictures depend on each other is refused by the name of the layer that mixes them."""

import pytest
import torch
from torch import nn

from striate.core.errors import DoesNotApply
from striate.explain import explain
from striate.inside.apart import require_apart
from striate.inside.inspecting import inspecting


def with_norm(norm: nn.Module) -> nn.Sequential:
    torch.manual_seed(0)
    return nn.Sequential(nn.Conv2d(1, 4, 3), norm, nn.ReLU(), nn.Flatten(), nn.Linear(64, 3)).eval()


@pytest.mark.parametrize(
    "norm",
    [
        nn.BatchNorm2d(4, track_running_stats=False),
        nn.SyncBatchNorm(4, track_running_stats=False),
        torch.jit.script(nn.BatchNorm2d(4, track_running_stats=False)),
        nn.Sequential(nn.Identity(), nn.BatchNorm2d(4, track_running_stats=False)),
    ],
)
def test_a_batch_norm_without_statistics_is_refused_by_name_and_nothing_is_touched(unchanged, norm: nn.Module) -> None:
    network = with_norm(norm)
    name = r"1\.1" if isinstance(norm, nn.Sequential) else "1"
    message = rf"^{name} of Sequential is a batch norm without running statistics: it normalizes by the batch even"
    with unchanged(network), pytest.raises(DoesNotApply, match=message), inspecting(network):
        pass


def test_one_that_is_the_network_itself_is_named_by_its_class() -> None:
    with pytest.raises(DoesNotApply, match=r"^BatchNorm1d is a batch norm without"):
        require_apart(nn.BatchNorm1d(3, track_running_stats=False))


def kept_but_told_not_to_track() -> nn.Module:
    norm = nn.BatchNorm2d(4)
    norm.track_running_stats = False  # torch goes on with the statistics that are there when it evaluates
    return norm


@pytest.mark.parametrize(
    "norm",
    [
        nn.BatchNorm2d(4),
        kept_but_told_not_to_track(),
        nn.InstanceNorm2d(4),
        nn.InstanceNorm2d(4, affine=True, track_running_stats=True),
        nn.GroupNorm(2, 4),
    ],
)
@pytest.mark.parametrize("method", ["saliency", "gradcam"])
def test_norms_that_keep_pictures_apart_explain_each_in_a_batch_as_alone(norm: nn.Module, method: str) -> None:
    network = with_norm(norm)
    images, classes = torch.rand(4, 1, 6, 6), torch.tensor([0, 1, 2, 0])
    options = {"layer": "0"} if method == "gradcam" else {}
    together = explain(network, images, classes, method=method, **options).values
    alone = [explain(network, images[[n]], classes[[n]], method=method, **options).values[0] for n in range(4)]
    assert torch.allclose(torch.stack(alone), together, rtol=1e-5, atol=1e-7)
    assert together.any()


def test_a_scripted_batch_norm_with_statistics_is_looked_at() -> None:
    network, images = with_norm(torch.jit.script(nn.BatchNorm2d(4).eval())), torch.rand(2, 1, 6, 6)
    with inspecting(network) as inside:
        assert torch.allclose(inside.scores(images)[:1], network(images[:1]), atol=1e-6)
