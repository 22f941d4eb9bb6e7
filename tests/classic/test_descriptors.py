"""Descriptions of whole pictures: what they must equal, and what they must not depend on."""

import cv2
import numpy as np
import pytest
import torch
from skimage.feature import hog, local_binary_pattern
from sklearn.base import clone
from sklearn.decomposition import PCA
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline

from striate.classic.bag import BagOfFeatures
from striate.classic.classifiers import classifier
from striate.classic.colors import ColorHistogram, FrequentColors, in_space
from striate.classic.dense_sift import DenseSIFT
from striate.classic.eigenpictures import Eigenpictures
from striate.classic.encoded import Encoded
from striate.classic.gist import Gist, gabor_bank
from striate.classic.hog import HOG, gradients, interpolated_histograms
from striate.classic.interest import InterestSIFT
from striate.classic.lbp import LBP
from striate.classic.pixels import Pixels
from striate.classic.pyramids import Pyramid
from striate.core.errors import DataError, DoesNotApply, RecipeError, UnknownName

DESCRIPTORS = [
    ColorHistogram(),
    ColorHistogram("lab", joint=False),
    FrequentColors(),
    HOG(),
    LBP(),
    LBP(rotation_invariant=True),
    Pixels(),
    Eigenpictures(3, size=16),
    Gist(),
    Pyramid(),
    Pyramid("gaussian"),
    DenseSIFT(),
    InterestSIFT(contrast=0.0),
    Encoded(DenseSIFT(), BagOfFeatures(6), levels=(1, 2), components=10, with_places=True),
]


@pytest.mark.parametrize("descriptor", DESCRIPTORS, ids=str)
def test_a_descriptor_is_an_estimator(descriptor, pictures):
    parameters = descriptor.get_params()
    fitted = clone(descriptor).set_params(**parameters).fit(pictures)
    described = fitted.transform(pictures)
    assert described.dtype == np.float32
    assert len(described) == len(pictures)
    assert np.isfinite(described).all()
    np.testing.assert_array_equal(described, clone(descriptor).fit(pictures).transform(pictures))
    np.testing.assert_allclose(described[2:3], fitted.transform(pictures[2:3]), atol=1e-4)
    np.testing.assert_allclose(described, fitted.transform(list(pictures)), atol=1e-4)
    with pytest.raises(DataError, match="float64"):
        fitted.transform(pictures / 255)
    with pytest.raises(DataError, match=r"\(40, 48\)"):
        fitted.fit([pictures[0, 0]])


@pytest.mark.parametrize("descriptor", [HOG(), FrequentColors(), DenseSIFT()], ids=str)
def test_a_descriptor_works_in_scikit_learns_pipeline_and_grid_search(descriptor, pictures):
    images, labels = np.concatenate([pictures, 255 - pictures]), np.repeat([0, 1], 6)
    pipeline = make_pipeline(descriptor, classifier("nearest-mean", seed=0))
    search = GridSearchCV(pipeline, {"calibrated__holdout": [0.2, 0.5]}, cv=2).fit(images, labels)
    assert search.predict(images).shape == (12,)


@pytest.mark.parametrize("options", [{}, {"cell": 6, "block": 3, "orientations": 8}], ids=str)
def test_hog_is_scikit_images(options, pictures):
    ours = HOG(interpolate=False, **options).fit(pictures)
    for channels in (pictures, pictures[:, :1]):
        described = clone(ours).fit(channels).transform(channels)
        for picture, got in zip(channels, described, strict=True):
            expected = hog(
                picture.transpose(1, 2, 0).astype(float),
                orientations=ours.orientations,
                pixels_per_cell=(ours.cell_, ours.cell_),
                cells_per_block=(ours.block, ours.block),
                channel_axis=-1,
            )
            np.testing.assert_allclose(got, expected, atol=1e-5)


@pytest.mark.parametrize("turn", [180, 360])
def test_interpolated_hog_is_a_loop_over_pixels_bins_and_cells(turn, pictures):
    down, across = gradients(torch.from_numpy(pictures[:1, :, :14, :17]).double())
    got = interpolated_histograms(down, across, orientations=5, cell=4, turn=turn)[0]
    expected = np.zeros((3, 4, 5))
    for y in range(14):
        for x in range(17):
            gradient = complex(across[0, y, x], down[0, y, x])
            bin_ = np.rad2deg(np.angle(gradient)) % turn * 5 / turn - 0.5
            for row, column, k in np.ndindex(3, 4, 5):
                far = (abs(y - 4 * row - 1.5) / 4, abs(x - 4 * column - 1.5) / 4, abs((bin_ - k + 2.5) % 5 - 2.5))
                expected[row, column, k] += abs(gradient) * np.prod(np.maximum(0, 1 - np.array(far))) / 16
    np.testing.assert_allclose(got, expected, atol=1e-5)


@pytest.mark.parametrize(("rotation_invariant", "method"), [(False, "nri_uniform"), (True, "uniform")])
def test_lbp_counts_scikit_images_patterns_in_the_cells(rotation_invariant, method, pictures):
    lbp = LBP(radii=(1.0,), grid=2, rotation_invariant=rotation_invariant).fit(pictures[:, :1])
    patterns = local_binary_pattern(pictures[0, 0], 8, 1.0, method)
    got = lbp.transform(pictures[:1, :1])[0].reshape(4, -1)
    assert got.shape[1] == (10 if rotation_invariant else 59)
    lower_left = np.bincount(patterns[20:, :24].astype(int).ravel(), minlength=got.shape[1])
    np.testing.assert_allclose(got[2], lower_left / lower_left.sum(), atol=1e-6)


def test_rotation_invariant_patterns_stay_when_a_picture_is_turned(pictures):
    square = pictures[:, :1, :, :40]
    lbp = LBP(radii=(1.0,), grid=1, rotation_invariant=True).fit(square)
    inner = [lbp.transform(np.ascontiguousarray(np.rot90(square, k, (2, 3)))) for k in range(2)]
    np.testing.assert_allclose(*inner, atol=0.01)  # points between pixels round differently


def test_color_histograms_share_out_all_pixels(pictures):
    for space in ("rgb", "hsv", "lab"):
        np.testing.assert_allclose(ColorHistogram(space).fit_transform(pictures).sum(1), 1, atol=1e-5)
        each = ColorHistogram(space, 5, joint=False).fit_transform(pictures)
        np.testing.assert_allclose(each.reshape(6, 3, 5).sum(2), 1, atol=1e-5)
    red = np.zeros((1, 3, 4, 4), np.uint8)
    red[:, 0] = 255
    assert ColorHistogram(bins=2).fit_transform(red)[0].argmax() == 4  # the cell of much red, little green and blue
    np.testing.assert_allclose(in_space(red, "hsv")[0, 0], [0, 1, 1], atol=1e-6)


def test_the_most_frequent_colors_are_found_with_their_shares():
    picture = np.zeros((1, 3, 4, 4), np.uint8)
    picture[0, :, :3] = np.array([200, 100, 50])[:, None, None]  # sand
    picture[0, :, 3, :3] = np.array([10, 20, 230])[:, None]  # sea
    got = FrequentColors(3).fit_transform(picture)[0].reshape(3, 4)
    np.testing.assert_allclose(got[0], [200 / 255, 100 / 255, 50 / 255, 12 / 16], atol=1e-6)
    np.testing.assert_allclose(got[1], [10 / 255, 20 / 255, 230 / 255, 3 / 16], atol=1e-6)
    np.testing.assert_allclose(got[2], [0, 0, 0, 1 / 16], atol=1e-6)
    blank = FrequentColors(2).fit_transform(np.full((1, 3, 4, 4), 77, np.uint8))[0].reshape(2, 4)
    np.testing.assert_allclose(blank, [[77 / 255] * 3 + [1], [77 / 255] * 3 + [0]], atol=1e-6)


def test_eigenpictures_are_the_principal_components(pictures):
    small = np.ascontiguousarray(pictures[:, :, :8, :8])
    ours = Eigenpictures(4).fit(small)
    theirs = PCA(4, svd_solver="full").fit(small.reshape(6, -1) / 255)
    np.testing.assert_allclose(ours.transform(small) ** 2, theirs.transform(small.reshape(6, -1) / 255) ** 2, atol=1e-5)
    np.testing.assert_allclose(ours.variances_, theirs.explained_variance_ * 5 / 6, atol=1e-8)
    white = Eigenpictures(3, whiten=True).fit_transform(small)
    np.testing.assert_allclose(white.std(0), 1, atol=1e-4)


def test_a_stripe_answers_in_the_filter_of_its_direction_and_fineness():
    waves = 0.5 + 0.5 * np.cos(2 * np.pi * 0.15 * np.arange(64))
    along = np.broadcast_to((255 * waves).astype(np.uint8), (1, 1, 64, 64)).copy()
    gist = Gist(scales=3, orientations=4, grid=1).fit(along)
    assert gist.transform(along)[0].argmax() == 4  # scale 1: 0.15 cycles a pixel; direction 0: across
    assert gist.transform(np.ascontiguousarray(along.transpose(0, 1, 3, 2)))[0].argmax() == 6
    bank = torch.stack(gabor_bank(64, 64, 3, 4))
    assert bank.amax() <= 1
    assert bank[:, 0, 0].amax() < 0.05  # of the mean brightness next to nothing


def test_a_laplacian_pyramid_is_the_picture_taken_apart(pictures):
    levels = Pyramid("laplacian", 2, size=(32, 32)).fit_transform(pictures)
    finest, coarsest = levels[0, :3072].reshape(32, 32, 3), levels[0, 3072:].reshape(16, 16, 3)
    whole = finest + cv2.pyrUp(coarsest, dstsize=(32, 32))
    expected = Pixels(size=(32, 32)).fit_transform(pictures)[0].reshape(3, 32, 32).transpose(1, 2, 0)
    np.testing.assert_allclose(whole, expected, atol=1e-5)


def test_a_blank_picture_has_no_interest_points_and_is_coded_as_zeros(pictures):
    images = np.concatenate([pictures, np.full_like(pictures[:1], 128)])
    encoded = Encoded(InterestSIFT(contrast=0.0), BagOfFeatures(3)).fit(images)
    codes = encoded.transform(images)
    assert not codes[-1].any()
    np.testing.assert_allclose(codes[:-1].sum(1), 1, atol=1e-5)
    with pytest.raises(DoesNotApply, match="local description"):
        Encoded(InterestSIFT(), BagOfFeatures(3)).fit(images[-1:])


def test_pictures_of_another_size_are_brought_to_the_size_fitted_to(pictures):
    hog_ = HOG().fit(pictures)
    assert hog_.size_ == (40, 48)
    assert hog_.transform([pictures[0, :, :32]]).shape[1] == hog_.transform(pictures).shape[1]
    assert HOG().fit([pictures[0], pictures[0, :, :32]]).size_ == (128, 128)
    assert Pixels().fit(pictures).size_ == (32, 32)


@pytest.mark.parametrize(
    ("descriptor", "error", "said"),
    [
        (HOG(cell=30), DoesNotApply, "does not fit in pictures of 40 x 48"),
        (HOG(block=0), RecipeError, "at least 1"),
        (LBP(grid=50), DoesNotApply, "grid of 50 x 50"),
        (LBP(radii=()), RecipeError, "at least one point"),
        (Gist(grid=50), DoesNotApply, "a pixel in each cell"),
        (Pyramid("laplace"), UnknownName, "laplacian"),
        (Pyramid(levels=9), DoesNotApply, "each level halves"),
        (ColorHistogram("labs"), UnknownName, "lab"),
        (ColorHistogram(bins=0), RecipeError, "at least 1"),
        (FrequentColors(100), RecipeError, "of 64 cells"),
        (Eigenpictures(0), RecipeError, "at least 1"),
        (Encoded(DenseSIFT(), BagOfFeatures(3), levels=()), RecipeError, "too few"),
        (Encoded(DenseSIFT(), BagOfFeatures(0)), RecipeError, "at least 1"),
    ],
    ids=str,
)
def test_what_does_not_go_together_is_refused(descriptor, error, said, pictures):
    with pytest.raises(error, match=said):
        descriptor.fit(pictures).transform(pictures)
