"""timm and the hub stand in by small modules; their real tables are read where they are installed."""

import sys
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType, SimpleNamespace

import pytest
import torch

from striate import zoo
from striate.core.errors import DataError, StriateError, UnknownName
from striate.data.preprocess import Preprocess
from striate.zoo.locate import locate
from striate.zoo.timm_weights import find, preprocess_of
from striate.zoo.weights import load, load_state, state_in


@dataclass
class Config:
    architecture: str = "resnet18"
    tag: str = "a1_in1k"
    hf_hub_id: str | None = "timm/resnet18.a1_in1k"
    hf_hub_filename: str | None = None
    url: str | None = None
    input_size: tuple[int, int, int] = (3, 224, 224)
    crop_pct: float = 0.95
    crop_mode: str = "center"
    interpolation: str = "bicubic"
    mean: tuple[float, ...] = (0.485, 0.456, 0.406)
    std: tuple[float, ...] = (0.229, 0.224, 0.225)
    num_classes: int = 1000
    label_offset: int | None = None


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """The folder that the hub's files are "fetched" from."""

    def config(name: str) -> Config | None:
        if name == "resnet18.nonsense":
            raise RuntimeError("Invalid pretrained tag (nonsense) for resnet18.")
        return Config() if name == "resnet18.a1_in1k" else None

    def fetched(repository: str, file: str, revision: str | None = None) -> str:
        if not (tmp_path / file).is_file():
            raise OSError("offline")
        return str(tmp_path / file)

    names = {"get_pretrained_cfg": config}
    timm = SimpleNamespace(models=SimpleNamespace(**names), list_pretrained=lambda: ["resnet18.a1_in1k"])
    monkeypatch.setitem(sys.modules, "timm", timm)  # type: ignore[arg-type]
    monkeypatch.setitem(sys.modules, "huggingface_hub", SimpleNamespace(hf_hub_download=fetched))  # type: ignore[arg-type]
    return tmp_path


def test_weights_come_with_network_classes_and_preparation(hub: Path) -> None:
    (hub / "model.safetensors").write_bytes(b"")
    located = locate("timm:resnet18.a1_in1k")
    assert located.path == hub / "model.safetensors"
    assert located.model == "resnet18"
    assert located.options == {"stem": "published"}
    assert located.classes is not None
    assert located.classes[0] == "tench"
    preprocess = Preprocess(**(located.preprocess or {}))
    assert preprocess.interpolation == "bicubic"
    assert round(224 / preprocess.center) == 235  # timm cuts 235.8 off


def test_a_file_that_is_not_what_the_hub_calls_it_is_refused(hub: Path) -> None:
    (hub / ("0" * 64)).write_bytes(b"something else")
    (hub / "model.safetensors").symlink_to(hub / ("0" * 64))
    with pytest.raises(DataError, match="SHA-256"):
        locate("timm:resnet18.a1_in1k")


def test_an_unknown_name_is_offered_the_nearest(hub: Path) -> None:
    for name in ("resnet18.nonsense", "resnet18_a1"):
        with pytest.raises(UnknownName, match=r"resnet18\.a1_in1k"):
            find(name)


def test_offline_it_says_what_to_fetch(hub: Path) -> None:
    with pytest.raises(
        DataError, match=r"offline.*huggingface.co/timm/resnet18.a1_in1k/resolve/main/model.safetensors"
    ):
        find("resnet18.a1_in1k")


def test_what_is_known_of_them_needs_no_file(hub: Path) -> None:
    assert locate("timm:resnet18.a1_in1k", fetch=False).preprocess is not None


def test_without_timm_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "timm", None)  # type: ignore[arg-type]
    with pytest.raises(StriateError, match="pip install timm huggingface_hub"):
        find("resnet18.a1_in1k")


def test_a_preparation_that_cannot_be_said_is_refused() -> None:
    with pytest.raises(DataError, match="crop_mode = 'corner'"):
        preprocess_of(Config(crop_mode="corner"))


def test_weights_of_timm_load_by_name(hub: Path) -> None:
    from safetensors.torch import save_file

    first, second = zoo.create("resnet18"), zoo.create("resnet18")
    save_file(state_in(first, "timm:resnet18"), hub / "model.safetensors")
    assert load(second, "timm:resnet18.a1_in1k") in {"torchvision:resnet18", "timm:resnet18"}
    assert torch.equal(first.head.linear.weight, second.head.linear.weight)


def test_fully_connected_layers_that_timm_has_as_convolutions_are_unrolled() -> None:
    network = zoo.create("vgg11", num_classes=3, image_size=32, dropout=0.0)
    state = {name: tensor.clone() for name, tensor in state_in(network, "torchvision:vgg11").items()}
    for ours, theirs, shape in (
        ("classifier.0", "fc1", (4096, 512, 1, 1)),
        ("classifier.3", "fc2", (4096, 4096, 1, 1)),
    ):
        state[f"pre_logits.{theirs}.weight"] = state.pop(f"{ours}.weight").reshape(shape)
        state[f"pre_logits.{theirs}.bias"] = state.pop(f"{ours}.bias")
    for kind in ("weight", "bias"):
        state[f"head.fc.{kind}"] = state.pop(f"classifier.6.{kind}")
    before = network.state_dict()["head.fc6.weight"].clone()
    with torch.no_grad():
        network.head.fc6.weight.zero_()
    assert load_state(network, state) == "timm:vgg11"
    assert torch.equal(network.state_dict()["head.fc6.weight"], before)


@pytest.mark.reference
@pytest.mark.parametrize("name", ["resnet18", "vgg11_bn", "densenet121"])
def test_scores_are_timm_s(torchvision: ModuleType, name: str) -> None:
    timm = pytest.importorskip("timm")
    torch.manual_seed(0)
    reference, network = timm.create_model(name).double().eval(), zoo.create(name).double().eval()
    assert load_state(network, reference.state_dict(), layout=f"timm:{name}") == f"timm:{name}"
    images = torch.randn(1, 3, 224, 224, dtype=torch.float64)
    with torch.no_grad():
        expected = reference(images)
        assert float((network(images) - expected).abs().max() / expected.abs().max()) < 1e-9
    assert preprocess_of(timm.models.get_pretrained_cfg(name))["channels"] == 3


@pytest.mark.reference
def test_timm_s_inception_has_no_auxiliary_head_and_loads_without(torchvision: ModuleType) -> None:
    timm = pytest.importorskip("timm")
    state = timm.create_model("inception_v3").state_dict()
    with pytest.raises(DataError, match="auxiliary=off"):
        load_state(zoo.create("inception_v3"), state)
    assert load_state(zoo.create("inception_v3", auxiliary="off"), state, layout="timm:inception_v3")
