"""What is drawn for a closer look."""

import numpy as np

from striate.units import sampling


def test_all_activations_are_kept_where_there_are_few() -> None:
    drawn = sampling.draw(5, 4, 3, seed=0, layer="a")
    assert [*zip(drawn.pictures, drawn.places, strict=True)] == [(n, p) for n in range(5) for p in range(4)]


def test_each_activation_is_drawn_once_at_most_and_all_are_as_likely() -> None:
    seen = np.zeros((200, 49))
    for seed in range(40):
        drawn = sampling.draw(200, 49, 16, seed=seed, layer="a")
        assert len(drawn.pictures) == 4096
        np.add.at(seen, (drawn.pictures, drawn.places), 1)
        assert seen.max() <= seed + 1
    expected = 40 * 4096 / seen.size
    assert np.abs(seen.sum(0) / 200 - expected).max() < 5 * np.sqrt(expected / 200)


def test_those_of_some_pictures_are_found() -> None:
    drawn = sampling.draw(500, 64, 16, seed=1, layer="a")
    part = drawn.among(100, 130)
    inside = (drawn.pictures >= 100) & (drawn.pictures < 130)
    assert np.flatnonzero(inside).tolist() == list(range(part.start, part.stop))


def test_the_places_of_a_picture_depend_on_its_row_alone_and_cover_the_map() -> None:
    rows = np.arange(2000)
    drawn = sampling.draw_places(rows, 1000, seed=3, layer="a")
    assert drawn is not None
    assert (sampling.draw_places(rows[7:9], 1000, seed=3, layer="a") == drawn[7:9]).all()
    counts = np.bincount(drawn.ravel(), minlength=1000)
    expected = 2000 * sampling.PLACES / 1000
    assert np.abs(counts - expected).max() < 5 * np.sqrt(expected)
    assert sampling.draw_places(rows, 256, seed=3, layer="a") is None


def test_other_seeds_draw_other_pictures() -> None:
    one, other = (sampling.draw_pictures(1000, seed=seed) for seed in (0, 1))
    assert len(set(one.tolist())) == sampling.PICTURES
    assert (np.diff(one) > 0).all()
    assert one.tolist() != other.tolist()
