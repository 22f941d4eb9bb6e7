"""The identity of a picture."""

import numpy as np

from striate.data.hashes import pixel_hashes


def test_the_hash_of_pixels_is_blake2b_of_their_bytes() -> None:
    # printf 'abcd' | b2sum -l 128
    pixels = np.frombuffer(b"abcd", np.uint8).reshape(1, 2, 2, 1)
    assert pixel_hashes(pixels) == ["d2c8e95841ccbc0c3cb3edc9201a6981"]
