from pathlib import Path

import pytest

from striate.core.errors import DataError
from striate.recognize.origin import absolute, origin
from striate.recognize.recognizer import NetworkRecognizer
from striate.zoo.weights import save


@pytest.mark.parametrize("part", ["", "weights.safetensors"])
def test_a_saved_recognizer_and_its_weights_file_know_everything(
    recognizer: NetworkRecognizer, tmp_path: Path, part: str
) -> None:
    recognizer.save(tmp_path / "saved")
    located = origin(str(tmp_path / "saved" / part))
    assert located.path == tmp_path / "saved" / "weights.safetensors"
    assert located.model == "resnet20"
    assert located.classes == ("ant", "bee", "cat")
    assert located.preprocess == recognizer.preprocess.model_dump(mode="json")


def test_a_bare_file_knows_nothing(recognizer: NetworkRecognizer, tmp_path: Path) -> None:
    save(recognizer.network, tmp_path / "bare.safetensors")
    located = origin(str(tmp_path / "bare.safetensors"))
    assert (located.model, located.classes, located.preprocess) == (None, None, None)


def test_what_is_known_by_name_needs_no_file() -> None:
    located = origin("torchvision:vgg16", fetch=False)
    assert located.model == "vgg16"
    assert located.options == {"stem": "published"}
    assert not located.path.exists()


def test_a_known_file_is_recognized_by_name_and_hash_alone(tmp_path: Path) -> None:
    (tmp_path / "resnet50-0676ba61.pth").write_bytes(b"another file of that name")
    assert origin(str(tmp_path / "resnet50-0676ba61.pth")).model is None


def test_a_name_without_its_catalog_is_answered_with_the_whole_name() -> None:
    with pytest.raises(DataError, match="torchvision:resnet50"):
        origin("resnet50")


def test_files_become_absolute_and_names_stay(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert absolute("a.pth") == str(tmp_path / "a.pth")
    assert absolute("torchvision:resnet50") == "torchvision:resnet50"
    assert absolute("https://a.org/a.pth") == "https://a.org/a.pth"
