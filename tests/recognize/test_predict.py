"""Answers to pictures without labels."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from striate.core.errors import DataError
from striate.data.decode import Unreadable
from striate.data.views import VIEWS
from striate.data.views import views as views_of
from striate.recognize import predict as module
from striate.recognize.pictures import Pictures
from striate.recognize.predict import answers, probabilities_of
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


def test_each_share_answers_its_own_pictures(recognizer: NetworkRecognizer, tmp_path: Path) -> None:
    folder = _folder(tmp_path)
    whole = recognizer.predict([folder, PIXELS, PIXELS])
    shares = [recognizer.predict([folder, PIXELS, PIXELS], rank=rank, world=4) for rank in range(4)]
    assert [len(share) for share in shares] == [2, 2, 1, 1]
    for position, answer in enumerate(whole):
        assert shares[position % 4][position // 4].picture == answer.picture


def test_folders_are_walked_in_the_order_of_their_names_and_hidden_ones_left_out(tmp_path: Path) -> None:
    for name in ("b/2.png", "b/10.png", "b.png", "a/deep/x.JPG", ".hidden/a.png", "a/.b.png", "c/notes.txt", "B.png"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    found = Pictures(tmp_path)
    names = [str(Path(name).relative_to(tmp_path)) for name, _ in found]
    assert names == ["B.png", "a/deep/x.JPG", "b/10.png", "b/2.png", "b.png"]
    assert found.count == 5


def test_a_few_batches_of_an_endless_stream_are_in_memory(recognizer: NetworkRecognizer) -> None:
    drawn = 0

    def endless() -> Iterator[np.ndarray[Any, Any]]:
        nonlocal drawn
        while True:
            drawn += 1
            yield PIXELS

    stream = answers(recognizer, Pictures(endless()), batch=8)
    for count, answer in zip(range(1, 50), stream, strict=False):
        assert answer.error is None
        assert drawn <= count + 4 * 8
    stream.close()


def test_pictures_are_decoded_while_the_network_computes(
    recognizer: NetworkRecognizer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    decoded = []
    monkeypatch.setattr(module, "_place", lambda preprocess, picture, crops, room: decoded.append(picture))
    batches = module._placed(recognizer.preprocess, [(str(i), PIXELS) for i in range(40)], 8, [None])
    first = next(batches)
    for batch in (first, next(batches)):
        assert [reason.result() for reason in batch.reasons] == [None] * 8
    assert len(decoded) >= 16
    batches.close()
    assert len(decoded) <= 40 - 8


def test_a_fault_of_ours_is_not_taken_for_a_bad_picture(
    recognizer: NetworkRecognizer, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object, **__: object) -> None:
        raise RuntimeError("a bug")

    monkeypatch.setattr(module, "_pixels", broken)
    with pytest.raises(RuntimeError, match="a bug"):
        recognizer.predict(PIXELS)
    monkeypatch.setattr(module, "_pixels", lambda *_: (_ for _ in ()).throw(Unreadable("torn")))
    assert recognizer.predict(PIXELS)[0].error == "torn"


def test_many_pictures_get_the_answers_of_the_reference(recognizer: NetworkRecognizer) -> None:
    pictures = list(np.random.default_rng(2).integers(0, 256, (600, 16, 16, 3), dtype=np.uint8))
    quick = recognizer.predict(iter(pictures))
    exact = recognizer.predict(pictures, plan="reference")
    for ours, true in zip(quick, exact, strict=True):
        assert ours.probabilities is not None
        assert ours.probabilities == pytest.approx(true.probabilities, abs=1e-4)


@pytest.mark.parametrize("views", VIEWS)
def test_the_answer_over_views_is_the_mean_of_their_probabilities(
    recognizer: NetworkRecognizer, tmp_path: Path, views: str
) -> None:
    pixels = np.random.default_rng(3).integers(0, 256, (40, 48, 3), dtype=np.uint8)
    Image.fromarray(pixels).save(tmp_path / "a.png")
    of_file, of_pixels = recognizer.predict([tmp_path / "a.png", pixels], views=views)
    assert of_file.probabilities == of_pixels.probabilities
    seen = []
    for view in views_of(views, (16, 16)):
        placed = recognizer.preprocess.place(pixels, view.crop)
        image = placed[:, ::-1] if view.flip else placed
        scores = recognizer.scores(np.ascontiguousarray(image.transpose(2, 0, 1))[None])
        seen.append(probabilities_of(scores, recognizer.temperature)[0])
    assert len(seen) == {"none": 1, "flip": 2, "five": 5, "ten": 10, "multiscale": 6}[views]
    assert list((of_pixels.probabilities or {}).values()) == pytest.approx(np.mean(seen, axis=0).tolist(), abs=1e-6)
