import io
import itertools

import numpy as np
import pyarrow as pa
import pytest
from PIL import Image, ImageEnhance

from striate.core.errors import DoesNotApply
from striate.data import duplicates
from striate.data.duplicates import alike, close_pairs, same_content
from striate.data.thumbnails import BYTES, perceptual_hash, thumbnail


def looked_at(pictures):
    likenesses = [thumbnail(np.asarray(picture).reshape(*picture.size[::-1], -1)) for picture in pictures]
    hashes = np.array([perceptual_hash(one) for one in likenesses], np.uint64)
    return hashes, np.frombuffer(b"".join(likenesses), np.uint8).reshape(len(pictures), BYTES)


def groups(pictures):
    numbers = alike(*looked_at(pictures)).tolist()
    return sorted(sorted(i for i, n in enumerate(numbers) if n == number) for number in set(numbers))


@pytest.mark.parametrize("spread", [12, 6, 2])
def test_close_pairs_are_those_of_comparing_all_each_once(spread):
    random = np.random.default_rng(spread)
    centers = random.integers(0, 2**63, 25, np.uint64)
    hashes = random.choice(centers, 400)
    for _ in range(spread):
        hashes ^= np.uint64(1) << random.integers(0, 64, 400, np.uint64) * random.integers(0, 2, 400, np.uint64)
    found = [(min(i, j), max(i, j)) for left, right in close_pairs(hashes) for i, j in zip(left, right, strict=True)]
    distances = np.bitwise_count(hashes[:, None] ^ hashes[None])
    expected = [(i, j) for i, j in itertools.combinations(range(400), 2) if distances[i, j] <= 7]
    assert sorted(found) == expected
    assert expected


def test_resized_recompressed_and_brightened_copies_are_alike_and_other_scenes_are_not(scene, encode):
    pictures = []
    for seed in range(15):
        one = scene(seed)
        small = one.resize((70, 52), Image.Resampling.LANCZOS)
        rough = Image.open(io.BytesIO(encode(one, quality=25)))
        bright = ImageEnhance.Brightness(one).enhance(1.2)
        pictures += [one, small, rough, bright]
    assert groups(pictures) == [list(range(4 * seed, 4 * seed + 4)) for seed in range(15)]


def test_a_gray_copy_is_alike(scene):
    assert groups([scene(1), scene(1).convert("L"), scene(2)]) == [[0, 1], [2]]


def test_the_same_shape_in_another_color_is_another_picture():
    def mug(color):
        picture = Image.new("RGB", (90, 90), "white")
        picture.paste(color, (20, 25, 60, 70))
        picture.paste(color, (60, 40, 72, 55))
        return picture

    red, blue, dark_red = mug((200, 40, 40)), mug((60, 80, 235)), mug((180, 36, 36))
    assert groups([red, blue, dark_red]) == [[0, 2], [1]]


def test_many_frames_of_one_scene_are_one_group_without_comparing_all(scene, monkeypatch):
    random = np.random.default_rng(0)
    hashes, likenesses = looked_at([scene(1)])
    frames = np.repeat(likenesses, 5000, axis=0)
    frames[:, :1024] += random.integers(0, 2, (5000, 1024), np.uint8)
    monkeypatch.setattr(duplicates, "COMPARISONS", 6000)
    assert len(set(alike(np.repeat(hashes, 5000), frames).tolist())) == 1


def test_smooth_pictures_are_alike_only_at_the_same_level():
    def sky(low, high):
        ramp = np.linspace(low, high, 96)[:, None, None].repeat(96, axis=1).repeat(3, axis=2)
        return Image.fromarray(ramp.astype(np.uint8))

    assert groups([sky(90, 120), sky(91, 121), sky(150, 180)]) == [[0, 1], [2]]


def test_dim_pictures_of_different_things_are_not_alike():
    def faint(seed):
        spots = np.random.default_rng(seed).integers(0, 256, (3, 3), np.uint8)
        return Image.fromarray(spots).resize((96, 96), Image.Resampling.BICUBIC).point(lambda level: 4 + level // 30)

    hashes, _ = looked_at([faint(seed) for seed in range(30)])
    assert len(set(hashes.tolist())) < 30  # so that the hash alone would not do
    assert groups([faint(seed) for seed in range(30)]) == [[seed] for seed in range(30)]


def test_too_many_candidates_are_refused_with_the_reason(monkeypatch):
    monkeypatch.setattr(duplicates, "COMPARISONS", 1000)
    with pytest.raises(DoesNotApply, match="too alike"):
        list(close_pairs(np.arange(100, dtype=np.uint64) % np.uint64(8)))


def test_pictures_of_one_hash_share_a_number_and_those_without_have_none():
    numbers = same_content(pa.chunked_array([["a", None, "b"], ["a", None, "b", "c"]])).tolist()
    assert numbers == [0, -1, 1, 0, -1, 1, 2]


def test_nothing_is_alike_in_nothing():
    assert alike(np.zeros(0, np.uint64), np.zeros((0, BYTES), np.uint8)).size == 0
