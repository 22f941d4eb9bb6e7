import numpy as np
import pytest
import torch

from striate.core.errors import DataError
from striate.explain.pointing import energy, hits, play, scaled_tolerance
from striate.sources.shapes import draw


@pytest.fixture(scope="module")
def masks():
    return np.stack([draw(index, size=32, seed=0).mask for index in range(10)])


def as_map(mask):
    return torch.from_numpy(mask.astype(np.float32))


def test_the_mask_itself_hits_and_its_complement_misses(masks):
    assert hits(as_map(masks), masks).tolist() == [1.0] * 10
    assert hits(as_map(~masks), masks).tolist() == [0.0] * 10
    assert energy(as_map(masks), masks).tolist() == [1.0] * 10
    assert energy(as_map(~masks), masks).tolist() == [0.0] * 10


@pytest.mark.parametrize("value", [0.0, 1.0, -2.0])
def test_a_constant_map_gets_the_objects_share_of_the_picture(masks, value):
    constant = torch.full(masks.shape, value)
    share = masks.mean(axis=(1, 2))
    np.testing.assert_allclose(hits(constant, masks), share)
    np.testing.assert_allclose(energy(constant, masks), share)


def test_of_several_maxima_the_share_in_the_object_counts():
    mask = np.zeros((1, 4, 4), bool)
    mask[0, 0, 0] = True
    several = torch.zeros(1, 4, 4)
    several[0, 0, 0] = several[0, 3, 3] = several[0, 3, 0] = several[0, 0, 3] = 2.0
    assert hits(several, mask).tolist() == [0.25]


def test_the_tolerance_is_a_distance_in_pixels():
    mask = np.zeros((1, 9, 9), bool)
    mask[0, 4, 4] = True
    near = torch.zeros(1, 9, 9)
    near[0, 7, 8] = 1.0  # 3 down and 4 to the right: 5 away
    assert hits(near, mask).tolist() == [0.0]
    assert hits(near, mask, tolerance=4.9).tolist() == [0.0]
    assert hits(near, mask, tolerance=5.0).tolist() == [1.0]
    assert scaled_tolerance((112, 224)) == 15


def test_negative_values_are_no_energy():
    mask = np.zeros((1, 2, 2), bool)
    mask[0, 0] = True
    assert energy(torch.tensor([[[3.0, 0.0], [1.0, -7.0]]]), mask).tolist() == [0.75]


def test_an_empty_mask_is_refused_and_named(masks):
    emptied = masks.copy()
    emptied[4] = False
    for measure in (hits, energy):
        with pytest.raises(DataError, match="mask 4 is empty"):
            measure(as_map(masks), emptied)
    with pytest.raises(DataError, match=r"not bool \(10, 32, 32\)"):
        hits(torch.zeros(10, 16, 16), masks)


def test_the_game_is_told_with_its_doubt_and_beside_the_center(masks):
    labels = np.array([draw(index, size=32, seed=0).label for index in range(10)])
    game = play(as_map(masks), masks, labels)
    estimates = game.estimates()
    assert estimates["hits"].value == 1
    assert 0 < game.center_hits.mean() < 1
    assert estimates["hits beyond the center"].value == pytest.approx(1 - game.center_hits.mean())
    assert estimates["energy beyond the center"].low > 0
    assert game.to_dict()["hits per class"] == 1


def test_a_class_counts_as_much_as_another_however_many_pictures_it_has():
    mask = np.zeros((3, 2, 2), bool)
    mask[:, 0, 0] = True
    maps = torch.zeros(3, 2, 2)
    maps[:2, 0, 0] = maps[2, 1, 1] = 1.0
    assert play(maps, mask, np.array([5, 5, 8])).per_class == 0.5
