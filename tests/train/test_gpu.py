"""Training, augmentation and answers on a GPU agree with those on the CPU, and an interruption leaves no trace."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

import striate
from striate import zoo
from striate.core.errors import Interrupted
from striate.data.augment import Augment, apply, draw
from striate.data.preprocess import Preprocess
from striate.runtime.plan import Plan
from striate.train import loop
from striate.train.recipe import Optimizer, Recipe
from striate.train.run import Run
from striate.train.step import Step
from striate.zoo import MODELS

pytestmark = pytest.mark.gpu

Train = Callable[..., Run]
SIZE, CLASSES, BATCH = 32, 10, 64
FAMILIES = ("lenet5_modern", "resnet20", "densenet_40_12", "nin_cifar10", "airbench94", "googlenet_bn", "alexnet_owt")
EVERYTHING = {
    "shift": 2,
    "flip": "both",
    "rotation": 20,
    "scale": (0.8, 1.25),
    "brightness": 0.3,
    "contrast": 0.3,
    "saturation": 0.3,
    "hue": 0.1,
    "pca_noise": 0.1,
    "blur": (0.5, 1.5),
    "erasing": (0.05, 0.3),
    "mixup": 0.4,
}


def _losses(model: str, plan: Plan, steps: int = 3) -> list[float]:
    """Return the losses of the first steps on pictures that are always the same."""
    torch.manual_seed(0)
    known = {"dropout": 0.0} if "dropout" in MODELS[model].options else {}
    network = zoo.create(model, num_classes=CLASSES, in_channels=3, image_size=SIZE, **known)
    preprocess = Preprocess(size=SIZE, mean=(0.5,) * 3, std=(0.25,) * 3)
    recipe = Recipe(model=model, epochs=1, preprocess=preprocess, optimizer=Optimizer(lr=0.01))
    decided = plan.resolve(network)
    step = Step(recipe, decided, decided.prepare(network).train(), torch.ones(CLASSES, dtype=torch.int64))
    drawn = torch.Generator().manual_seed(1)
    images = torch.randn(BATCH, 3, SIZE, SIZE, generator=drawn)
    labels = torch.randint(CLASSES, (BATCH,), generator=drawn)
    with decided.applied():
        return [
            step.step(decided.to_device(images), labels.to(decided.device), number, 0.01).loss
            for number in range(steps)
        ]


@pytest.mark.parametrize("model", FAMILIES)
def test_the_first_steps_lose_the_same_on_both_devices(model: str) -> None:
    here, there = (_losses(model, Plan(device=device)) for device in ("cpu", "cuda"))
    assert there[0] == pytest.approx(here[0], rel=1e-4)
    assert there == pytest.approx(here, rel=0.05)  # of later steps: where rounding alone drives trajectories apart


@pytest.mark.parametrize(
    "fields",
    [
        {"precision": "tf32"},
        {"precision": "bf16"},
        {"precision": "fp16"},
        {"precision": "bf16", "compile": "default"},
        {"precision": "bf16", "compile": "graphs"},
    ],
)
def test_every_precision_and_compiler_loses_nearly_the_same(fields: dict[str, Any]) -> None:
    exact, rough = _losses("resnet20", Plan(device="cuda")), _losses("resnet20", Plan(device="cuda", **fields))
    assert rough == pytest.approx(exact, abs=0.05)
    assert rough != exact


def test_a_training_taken_up_again_on_a_gpu_ends_with_the_same_bytes(
    small: Train, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Soon(loop.Interrupt):
        def __enter__(self) -> "Soon":
            self.asked = True
            return self

    fields = {"model": "lenet5_modern", "plan__device": "cuda", "plan__precision": "bf16", "average": 0.9}
    with monkeypatch.context() as patch:
        patch.setattr(loop, "Interrupt", Soon)
        with pytest.raises(Interrupted):
            small("run", **fields)
    whole = small("whole", **fields)
    resumed = striate.train(resume=whole.path.with_name("run"), quiet=True)
    for name in ("weights", "average", "optimizer"):
        file = Path("checkpoints") / "last" / f"{name}.safetensors"
        assert (resumed.path / file).read_bytes() == (whole.path / file).read_bytes()


def test_a_measured_training_on_a_gpu_learns_and_answers_as_the_cpu_does(small: Train) -> None:
    run = small(model="resnet20", epochs=10)
    assert run.read_json("environment.json")["plan"]["device"] == "cuda"
    assert run.metrics["test"]["accuracy"]["value"] > 0.95
    table = striate.sources.open_table("digits")
    pictures = list(table.pixels[:200, :, :, 0])
    recognizer = run.recognizer()
    answers, exact = recognizer.predict(pictures), recognizer.predict(pictures, plan="reference")
    for answer, truth in zip(answers, exact, strict=True):
        assert answer.class_name == truth.class_name
        assert answer.probability == pytest.approx(truth.probability, abs=0.05)


def test_augmentation_makes_the_same_pictures_on_both_devices() -> None:
    images = torch.randint(0, 256, (32, 3, 24, 20), dtype=torch.uint8, generator=torch.Generator().manual_seed(0))
    positions = np.arange(32)
    drawn = draw(Augment(**EVERYTHING), 0, 1, positions, rows=positions, size=(24, 20))
    here, there = apply(images, drawn).float(), apply(images.cuda(), drawn).cpu().float()
    assert (here - there).abs().mean() < 0.05
    assert (here - there).abs().quantile(0.999) < 2
