import numpy as np

from striate.classic import encoded
from striate.classic.bag import BagOfFeatures
from striate.classic.dense_sift import DenseSIFT
from striate.classic.encoded import Encoded
from striate.classic.kernels import intersection
from striate.classic.spatial import cells_of, finest, gathered, level_weights
from striate.classic.vlad import VLAD


def test_the_weights_are_the_papers():
    assert level_weights((1, 2, 4)) == (0.25, 0.25, 0.5)
    assert level_weights((1,)) == (1.0,)
    assert sum(level_weights((1, 2, 4, 8))) == 1


def test_places_fall_into_cells_row_by_row():
    places = np.array([(0, 0), (0, 0.99), (0.5, 0.25), (1, 1)], np.float32)
    np.testing.assert_array_equal(cells_of(places, 4), [0, 3, 9, 15])


def test_coarse_cells_gather_the_fine_ones():
    fine = np.arange(2 * 16 * 3, dtype=np.float32).reshape(2, 16, 3)
    np.testing.assert_allclose(gathered(fine, 1)[:, 0], fine.sum(1))
    np.testing.assert_allclose(gathered(fine, 2)[:, 1], fine[:, [2, 3, 6, 7]].sum(1))
    np.testing.assert_array_equal(gathered(fine, 4), fine)
    assert finest((1, 2, 3)) == 6


def test_codes_are_the_same_however_many_pictures_are_coded_at_once(pictures, monkeypatch):
    fitted = Encoded(DenseSIFT(), VLAD(5), levels=(1, 2)).fit(pictures)
    whole = fitted.transform(pictures)
    monkeypatch.setattr(encoded, "_AT_ONCE", 4)  # of six
    np.testing.assert_allclose(fitted.transform(pictures), whole, atol=1e-6)


def test_a_pyramid_is_a_loop_over_its_levels_and_cells(pictures):
    fitted = Encoded(DenseSIFT(), BagOfFeatures(5), levels=(1, 2, 4), weighted=True).fit(pictures)
    codes = fitted.transform(pictures).reshape(6, 21, 5)
    described = next(fitted.local_.describe(pictures[:1]))
    vectors, places = described.vectors[0], described.places
    words = ((vectors[:, None] - fitted.encoding_.words_) ** 2).sum(2).argmin(1)
    expected = []
    for level, weight in ((1, 0.25), (2, 0.25), (4, 0.5)):
        for row in range(level):
            for column in range(level):
                inside = (places >= np.array([row, column]) / level).all(1)
                inside &= (places < np.array([row + 1, column + 1]) / level).all(1)
                expected.append(weight * np.bincount(words[inside], minlength=5) / len(words))
    np.testing.assert_allclose(codes[0], expected, atol=1e-6)
    np.testing.assert_allclose(np.diag(intersection(codes.reshape(6, -1))), 1, atol=1e-5)  # all match with themselves
