import io

import numpy as np
import pytest
from PIL import Image, ImageEnhance

from striate.data.thumbnails import BYTES, flat, perceptual_hash, thumbnail


def recompressed(picture):
    written = io.BytesIO()
    picture.save(written, "JPEG", quality=30)
    return Image.open(io.BytesIO(written.getvalue()))


COPIES = {
    "half": lambda picture: picture.resize((60, 45)),
    "recompressed": recompressed,
    "darker": lambda picture: ImageEnhance.Brightness(picture).enhance(0.7),
    "gray": lambda picture: picture.convert("L").convert("RGB"),
}


def hashed(picture):
    return perceptual_hash(thumbnail(np.asarray(picture)))


@pytest.mark.parametrize("copy", COPIES.values(), ids=COPIES)
def test_the_hash_of_a_copy_is_close_and_that_of_another_scene_is_far(scene, copy):
    distances = [(hashed(scene(seed)) ^ hashed(copy(scene(seed)))).bit_count() for seed in range(20)]
    others = [(hashed(scene(seed)) ^ hashed(copy(scene(seed + 1)))).bit_count() for seed in range(20)]
    assert max(distances) <= 7
    assert min(others) > 7


def test_noise_of_one_level_on_flat_ground_does_not_change_the_hash():
    ground = np.full((64, 64, 3), 128, np.uint8)
    noisy = ground + np.random.default_rng(0).integers(0, 2, ground.shape, np.uint8)
    assert perceptual_hash(thumbnail(ground)) == perceptual_hash(thumbnail(noisy)) == 0


def test_the_hash_says_where_it_grows_brighter_to_the_right():
    ramp = np.repeat(np.arange(0, 252, 4, dtype=np.uint8)[None, :], 63, axis=0)[:, :, None]
    assert perceptual_hash(thumbnail(ramp)) == 2**64 - 1
    assert perceptual_hash(thumbnail(ramp[:, ::-1])) == 0


def test_only_a_picture_of_one_color_is_flat(scene):
    ground = np.full((64, 64, 3), (200, 30, 90), np.uint8)
    halves = ground.copy()
    halves[:, :32] = (30, 150, 10)
    pictures = [ground, halves, np.asarray(scene(1)), np.zeros((64, 64, 1), np.uint8)]
    likenesses = [thumbnail(pixels) for pixels in pictures]
    assert {len(one) for one in likenesses} == {BYTES}
    found = flat(np.frombuffer(b"".join(likenesses), np.uint8).reshape(len(pictures), BYTES))
    assert found.tolist() == [True, False, False, True]
