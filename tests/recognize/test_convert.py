from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from striate.core.errors import DataError, RecipeError, UnknownName
from striate.data.preprocess import Preprocess
from striate.recognize.convert import converted, read_classes, write
from striate.recognize.load import load
from striate.recognize.recognizer import NetworkRecognizer, build
from striate.zoo.weights import save

STATISTICS: dict[str, Any] = {"preprocess": {"mean": [0.5] * 3, "std": [0.25] * 3, "size": 16}}
IMAGES = np.random.default_rng(0).integers(0, 256, (4, 3, 16, 16), dtype=np.uint8)


@pytest.fixture
def names(tmp_path: Path) -> Path:
    path = tmp_path / "names.txt"
    path.write_text("ant\nbee\ncat\n")
    return path


@pytest.mark.parametrize("ending", ["pth", "npz", "safetensors"])
def test_a_recognizer_leaves_in_others_layout_and_comes_back_the_same(
    recognizer: NetworkRecognizer, names: Path, tmp_path: Path, ending: str
) -> None:
    path = tmp_path / f"theirs.{ending}"
    write(recognizer, path, "akamaster:resnet20")
    back, layout = converted(str(path), model="resnet20", classes=names, values=STATISTICS)
    assert layout == "akamaster:resnet20"
    assert np.allclose(back.scores(IMAGES), recognizer.scores(IMAGES), atol=1e-4)
    state = recognizer.network.state_dict()
    assert all(torch.equal(tensor.cpu(), state[name]) for name, tensor in back.network.state_dict().items())
    assert back.classes == recognizer.classes


def test_a_recognizer_keeps_its_temperature(recognizer: NetworkRecognizer, tmp_path: Path) -> None:
    recognizer.save(tmp_path / "whole")
    assert converted(str(tmp_path / "whole"))[0].temperature == recognizer.temperature != 1.0


def test_a_network_of_one_s_own_takes_weights(own_module: Callable[[str], str], names: Path, tmp_path: Path) -> None:
    module = own_module(
        "def net(num_classes, in_channels):\n"
        "    return nn.Sequential(nn.Conv2d(in_channels, 4, 3), nn.ReLU(), nn.Flatten(), nn.LazyLinear(num_classes))\n"
    )
    values = {"preprocess": {"mean": [0.5] * 3, "std": [0.25] * 3}}
    torch.manual_seed(0)
    torch.save(torch.nn.Linear(2, 2).state_dict(), tmp_path / "other.pth")
    with pytest.raises(RecipeError, match=r"preprocess\.size"):
        converted(str(tmp_path / "other.pth"), model=f"{module}:net", classes=names, values=values)
    with pytest.raises(DataError, match="does not fit"):
        converted(str(tmp_path / "other.pth"), model=f"{module}:net", classes=names, values=STATISTICS)
    network = build(f"{module}:net", {}, ("ant", "bee", "cat"), Preprocess(**STATISTICS["preprocess"]))
    save(network, tmp_path / "net.safetensors")
    back, _ = converted(str(tmp_path / "net.safetensors"), model=f"{module}:net", classes=names, values=STATISTICS)
    back.save(tmp_path / "whole")
    assert np.array_equal(load(tmp_path / "whole").scores(IMAGES), back.scores(IMAGES))


def test_what_another_recognizer_says_is_taken_over(recognizer: NetworkRecognizer, tmp_path: Path) -> None:
    save(recognizer.network, tmp_path / "bare.safetensors")
    recognizer.save(tmp_path / "whole")
    back, _ = converted(str(tmp_path / "bare.safetensors"), like=str(tmp_path / "whole"))
    assert (back.model, back.classes, back.preprocess) == ("resnet20", recognizer.classes, recognizer.preprocess)


def test_what_must_be_said_is_asked_for(recognizer: NetworkRecognizer, names: Path, tmp_path: Path) -> None:
    path = str(tmp_path / "bare.safetensors")
    save(recognizer.network, Path(path))
    with pytest.raises(RecipeError, match=r"--model NAME.*--classes FILE.*preprocess\.mean.*--like WEIGHTS"):
        converted(path)
    with pytest.raises(RecipeError, match=r"bare\.safetensors does not say how pictures .*preprocess\.mean"):
        converted(path, model="resnet20", classes=names)
    with pytest.raises(RecipeError, match="--classes FILE"):
        converted(path, model="resnet20", values=STATISTICS)
    with pytest.raises(RecipeError, match="only preprocess and options"):
        converted(path, model="resnet20", values={"epochs": 3})
    with pytest.raises(RecipeError, match="mean and std need 3 values"):
        converted(path, model="resnet20", classes=names, values={"preprocess": {"mean": [0.5], "std": [0.5]}})


def test_other_classes_than_the_file_has_are_refused(
    recognizer: NetworkRecognizer, names: Path, tmp_path: Path
) -> None:
    save(recognizer.network, tmp_path / "bare.safetensors")
    names.write_text("ant\nbee\n")
    with pytest.raises(DataError, match=r"head\.linear\.weight is 3x64 there, 2x64 here"):
        converted(str(tmp_path / "bare.safetensors"), model="resnet20", classes=names, values=STATISTICS)


def test_an_unknown_layout_or_ending_is_refused_and_writes_nothing(
    recognizer: NetworkRecognizer, tmp_path: Path
) -> None:
    with pytest.raises(UnknownName, match="akamaster:resnet20"):
        write(recognizer, tmp_path / "a.pth", "torchvision:resnet20")
    with pytest.raises(DataError, match="no ending"):
        write(recognizer, tmp_path / "a.bin", "akamaster:resnet20")
    assert list(tmp_path.iterdir()) == []


def test_a_folder_is_not_written_over_by_a_file(recognizer: NetworkRecognizer, tmp_path: Path) -> None:
    (tmp_path / "out.pth").mkdir()
    with pytest.raises(DataError, match="is a folder"):
        write(recognizer, tmp_path / "out.pth", "striate")


def test_class_names_are_read_from_lines_or_json(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("gray wolf\nkite\n")
    (tmp_path / "b.json").write_text('{"0": "gray wolf", "1": "kite"}')
    with pytest.raises(DataError, match="no JSON list"):
        read_classes(tmp_path / "b.json")
    with pytest.raises(DataError, match=r"no file .*c\.txt"):
        read_classes(tmp_path / "c.txt")
    (tmp_path / "a.json").write_text('["gray wolf", "kite"]')
    assert read_classes(tmp_path / "a.txt") == read_classes(tmp_path / "a.json") == ("gray wolf", "kite")


@pytest.mark.parametrize(
    ("text", "fault"), [("a\n\nb\n", "without a name"), ("a\nb\na\n", "a twice"), ("", "no names")]
)
def test_lists_of_class_names_with_faults_are_refused(tmp_path: Path, text: str, fault: str) -> None:
    (tmp_path / "a.txt").write_text(text)
    with pytest.raises(DataError, match=fault):
        read_classes(tmp_path / "a.txt")


def test_imagenet_s_squeezenet_names_what_photos_show(shared_data: Path) -> None:
    file = shared_data / "weights" / "squeezenet1_0-imagenet-deepcompression.npz"
    recognizer, layout = converted(str(file), like="torchvision:squeezenet1_0")
    assert layout == "torchvision:squeezenet1_0"
    assert recognizer.preprocess.size == (224, 224)
    names = ("chelsea.png", "coffee.png", "rocket.jpg")
    answers = recognizer.predict([shared_data / "photos" / name for name in names], plan="reference")
    assert [answer.class_name for answer in answers] == ["Egyptian cat", "espresso", "missile"]
    assert min(answer.probability or 0 for answer in answers[:2]) > 0.5


def _published_resnet20(shared_data: Path, names: Path) -> NetworkRecognizer:
    names.write_text("airplane automobile bird cat deer dog frog horse ship truck".replace(" ", "\n"))
    statistics = {"preprocess": {"mean": [0.485, 0.456, 0.406], "std": [0.229, 0.224, 0.225]}}
    file = shared_data / "weights" / "cifar10-resnet20-12fca82f.th"
    return converted(str(file), model="resnet20", classes=names, values=statistics)[0]


def _cifar10(shared_data: Path, strips: int) -> tuple[np.ndarray, np.ndarray]:
    import json
    import lzma

    from PIL import Image

    files = sorted((shared_data / "cifar10").glob("test_batch-*.webp"))[:strips]
    pixels = np.concatenate([np.asarray(Image.open(f).convert("RGB")).reshape(-1, 32, 32, 3) for f in files])
    index = json.loads(lzma.decompress((shared_data / "cifar10" / "index.json.xz").read_bytes()))
    labels = np.array([int(digit) for digit in index["test_batch"]["labels"][: len(pixels)]])
    return np.ascontiguousarray(pixels.transpose(0, 3, 1, 2)), labels


def test_the_published_resnet20_recognizes_500_pictures_of_cifar10(shared_data: Path, names: Path) -> None:
    images, labels = _cifar10(shared_data, 1)
    scores = _published_resnet20(shared_data, names).scores(images[:500])
    assert (scores.argmax(1) == labels[:500]).mean() > 0.9


@pytest.mark.slow
def test_the_published_resnet20_reaches_its_published_accuracy(shared_data: Path, names: Path) -> None:
    images, labels = _cifar10(shared_data, 100)
    recognizer = _published_resnet20(shared_data, names)
    with torch.inference_mode():
        right = int((recognizer.scores(images).argmax(1) == labels).sum())
    assert (right, len(labels)) == (9173, 10_000)
