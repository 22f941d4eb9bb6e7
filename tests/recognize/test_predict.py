"""Answers to pictures without labels."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from striate.core.errors import DataError
from striate.recognize.predict import probabilities_of
from striate.recognize.recognizer import NetworkRecognizer

PIXELS = np.random.default_rng(1).integers(0, 256, (16, 16, 3), dtype=np.uint8)


def _folder(tmp_path: Path) -> Path:
    (tmp_path / "deeper").mkdir()
    for name in ("b.png", "a.png", "deeper/c.png"):
        Image.fromarray(PIXELS).save(tmp_path / name)
    (tmp_path / "broken.jpg").write_bytes(b"\xff\xd8\xff\xe0 no more")
    return tmp_path


def test_a_folder_is_answered_in_order_and_broken_pictures_with_their_reason(
    recognizer: NetworkRecognizer, tmp_path: Path
) -> None:
    answers = recognizer.predict(_folder(tmp_path))
    assert [Path(answer.picture).name for answer in answers] == ["a.png", "b.png", "broken.jpg", "c.png"]
    lost = answers[2]
    assert (lost.class_name, lost.probability, lost.probabilities) == (None, None, None)
    assert lost.error
    for answer in (answers[0], answers[1], answers[3]):
        assert answer.error is None
        assert answer.probabilities is not None
        assert sum(answer.probabilities.values()) == pytest.approx(1)
        assert answer.probability == max(answer.probabilities.values())
        assert answer.class_name in recognizer.classes


def test_a_file_and_its_pixels_get_the_same_answer(recognizer: NetworkRecognizer, tmp_path: Path) -> None:
    Image.fromarray(PIXELS).save(tmp_path / "a.png")
    (of_file,) = recognizer.predict(tmp_path / "a.png")
    (of_pixels,) = recognizer.predict(PIXELS)
    assert of_file.probabilities == of_pixels.probabilities
    assert of_pixels.picture == "picture 0"


def test_gray_pictures_are_repeated_not_refused(recognizer: NetworkRecognizer) -> None:
    gray = PIXELS[:, :, 0]
    plain, repeated = recognizer.predict([gray, np.repeat(gray[:, :, None], 3, axis=2)])
    assert plain.probabilities == repeated.probabilities


def test_the_temperature_softens_but_does_not_change_the_answer() -> None:
    scores = np.array([[3.0, 1.0, -2.0]], np.float32)
    sharp, soft = probabilities_of(scores, 1.0)[0], probabilities_of(scores, 4.0)[0]
    assert sharp.argmax() == soft.argmax()
    assert soft.max() < sharp.max()
    assert soft.tolist() == pytest.approx((np.exp(scores[0] / 4) / np.exp(scores[0] / 4).sum()).tolist())


def test_what_is_no_picture_is_refused(recognizer: NetworkRecognizer, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no picture or folder"):
        recognizer.predict(tmp_path / "nowhere.jpg")
    with pytest.raises(DataError, match="holds no pictures"):
        recognizer.predict(tmp_path)
    with pytest.raises(DataError, match="uint8"):
        recognizer.predict(PIXELS.astype(np.float32))
