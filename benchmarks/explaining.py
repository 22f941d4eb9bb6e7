"""How quickly is an answer explained, against pytorch-grad-cam on the same network?

    python benchmarks/explaining.py [gradcam] [layer4] [layer3] [--pictures 256]

resnet50 at 224 pixels, float32, weights drawn at random: what is computed does not depend on them, but for channels
that are 0 everywhere, which ours leaves out of Ablation-CAM; the table says how many. Grad-CAM in batches of 32 on both
sides; Ablation-CAM of one picture by all channels of the last stage, and of the one before, 32 at once on their side.
Theirs ends in maps scaled to 0 to 1 at the picture's size, so ours are laid on the picture too.
"""

import sys
from collections.abc import Callable

import torch
from pairs import Timings, in_turns, judged, options, tell
from peers import torchvision
from pytorch_grad_cam import AblationCAM, GradCAM
from pytorch_grad_cam.utils.model_targets import ClassifierOutputTarget
from torch import Tensor, nn

from striate.explain import explain

PACKAGES = ("striate", "torch", "torchvision", "grad-cam")
OURS, THEIRS = "ours", "pytorch-grad-cam"
BATCH = 32
STAGES = {"layer4": 10.0, "layer3": 3.0}  # how many times as quick Ablation-CAM must be
GRADCAM = 1.5


def main() -> int:
    """Measure what is asked for, print the tables and keep them."""
    parser = options(__doc__)
    parser.add_argument("what", nargs="*", default=["gradcam", *STAGES], help="gradcam, layer4, layer3; by default all")
    parser.add_argument("--pictures", type=int, default=256, help="of Grad-CAM; default: 256")
    parser.add_argument("--rounds", type=int, default=3, help="at most; default: 3")
    asked = parser.parse_args()
    torch.set_num_threads(asked.threads)
    torch.manual_seed(0)
    network = torchvision.models.resnet50().eval()
    if "gradcam" in asked.what:
        tell("explaining: Grad-CAM", gradcam(network, asked.pictures, asked.rounds), asked, PACKAGES)
    for layer in STAGES:
        if layer in asked.what:
            tell(f"explaining: Ablation-CAM at {layer}", ablationcam(network, layer, asked.rounds), asked, PACKAGES)
    return 0


def gradcam(network: nn.Module, pictures: int, rounds: int) -> list[str]:
    """Return the table of Grad-CAM at the last stage."""
    images = torch.randn(pictures, 3, 224, 224)
    classes = torch.randint(1000, (pictures,))
    timings = in_turns(sides(network, images, classes, "gradcam", GradCAM, "layer4"), rounds=rounds, warm_up=0)
    rates = " | ".join(f"{pictures / timings.middle(side):.2f}" for side in (OURS, THEIRS))
    ratio = timings.ratio(OURS, THEIRS)
    return [
        f"Pictures a second, {pictures} pictures in batches of {BATCH}, {timings.rounds} rounds.",
        "",
        "| method | layer | ours | pytorch-grad-cam | ratio |",
        "|---|---|---:|---:|---:|",
        f"| Grad-CAM | layer4 | {rates} | {ratio} |",
        "",
        judged("Grad-CAM against pytorch-grad-cam", ratio.middle, GRADCAM),
    ]


def ablationcam(network: nn.Module, layer: str, rounds: int) -> list[str]:
    """Return the table of Ablation-CAM at one stage."""
    image, label = torch.randn(1, 3, 224, 224), torch.tensor([7])
    timings = in_turns(sides(network, image, label, "ablationcam", AblationCAM, layer), rounds=rounds, warm_up=0)
    what = f"Ablation-CAM at {layer} against pytorch-grad-cam"
    return [
        f"Seconds a picture, {timings.rounds} rounds.",
        "",
        "| layer | channels | of them 0 everywhere | ours | pytorch-grad-cam | ratio |",
        "|---|---:|---:|---:|---:|---:|",
        row(network, image, layer, timings),
        "",
        judged(what, timings.ratio(OURS, THEIRS).middle, STAGES[layer]),
    ]


def row(network: nn.Module, image: Tensor, layer: str, timings: Timings) -> str:
    """Return one line of the table of Ablation-CAM."""
    kept: list[Tensor] = []
    hook = getattr(network, layer).register_forward_hook(lambda _module, _given, maps: kept.append(maps[0]))
    with torch.no_grad():
        network(image)
    hook.remove()
    dead = int((kept[0].flatten(1) == 0).all(dim=1).sum())
    seconds = " | ".join(f"{timings.middle(side):.2f}" for side in (OURS, THEIRS))
    return f"| {layer} | {len(kept[0])} | {dead} | {seconds} | {timings.ratio(OURS, THEIRS)} |"


def sides(
    network: nn.Module, images: Tensor, classes: Tensor, method: str, peer: type, layer: str
) -> dict[str, Callable[[], object]]:
    """Return both ways to explain `images`."""

    def theirs() -> None:
        with peer(network, [getattr(network, layer)]) as cam:
            for some, labels in zip(images.split(BATCH), classes.split(BATCH), strict=True):
                cam(some, [ClassifierOutputTarget(int(label)) for label in labels])

    ours = {"batch": BATCH} if method == "gradcam" else {}
    return {OURS: lambda: explain(network, images, classes, method=method, layer=layer, **ours).place(), THEIRS: theirs}


if __name__ == "__main__":
    sys.exit(main())
