import torch

from striate.explain.rivals import center_blob, noise


def test_the_blob_is_highest_in_the_middle_and_the_same_at_mirrored_places():
    blob = center_blob((7, 9))
    assert divmod(int(blob.argmax()), 9) == (3, 4)
    assert blob[3, 4] == 1
    torch.testing.assert_close(blob, blob.flip(0, 1))
    assert blob[0, 0] < blob[0, 4] < blob[3, 4]


def test_of_an_even_size_the_four_middle_pixels_are_equal():
    blob = center_blob((4, 4))
    assert (blob == blob.max()).nonzero().tolist() == [[1, 1], [1, 2], [2, 1], [2, 2]]


def test_noise_depends_on_its_seed_alone():
    before = torch.random.get_rng_state()
    assert torch.equal(noise((5, 6), 1), noise((5, 6), 1))
    assert not torch.equal(noise((5, 6), 1), noise((5, 6), 2))
    assert torch.equal(torch.random.get_rng_state(), before)
