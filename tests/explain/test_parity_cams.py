"""Raw maps are those of pytorch-grad-cam before it scales them, on a network where it is right."""

import pytest
import torch

from striate import zoo
from striate.explain import explain

pytestmark = pytest.mark.reference

THEIRS = {"gradcam": "GradCAM", "hirescam": "HiResCAM", "layercam": "LayerCAM"}


@pytest.mark.parametrize("method", THEIRS)
@pytest.mark.parametrize("stage", [1, 2])
def test_raw_maps_agree_with_pytorch_grad_cam(torchvision: object, method: str, stage: int) -> None:
    theirs = pytest.importorskip("pytorch_grad_cam")
    targets = pytest.importorskip("pytorch_grad_cam.utils.model_targets")
    torch.manual_seed(0)
    network = zoo.create("resnet20", num_classes=10, in_channels=3, image_size=32).eval()
    images, classes = torch.randn(3, 3, 32, 32), torch.tensor([3, 1, 7])
    kept = []

    class Raw(getattr(theirs, THEIRS[method])):
        def get_cam_image(self, *args: object, **options: object) -> object:
            kept.append(super().get_cam_image(*args, **options))
            return kept[-1]

    with Raw(network, [network.stages[stage]]) as peer:
        peer(images, [targets.ClassifierOutputTarget(int(label)) for label in classes])
    raw = torch.from_numpy(kept[0])
    ours = explain(network, images, classes, method=method, layer=f"stages.{stage}").values
    expected = raw if method == "hirescam" else raw.relu()
    torch.testing.assert_close(ours, expected, rtol=1e-5, atol=1e-5 * float(raw.abs().max()))
    assert ours.max() > 0
