import cv2
import numpy as np
import pytest
import torch

from striate.classic.dense_sift import DenseSIFT, centers, dense_sift, directions, normalized, smoothed
from striate.classic.pictures import gray
from striate.core.errors import DoesNotApply, UnknownName


def plain_sift(picture, row, column, cell):
    """One descriptor, pixel by pixel, as section 6.1 of Lowe has it, upright."""
    height, width = picture.shape
    histogram = np.zeros((4, 4, 8))
    for y in range(height):
        for x in range(width):
            down = picture[min(y + 1, height - 1), x] - picture[max(y - 1, 0), x]
            across = picture[y, min(x + 1, width - 1)] - picture[y, max(x - 1, 0)]
            gaussian = np.exp(-((y - row) ** 2 + (x - column) ** 2) / (2 * (2 * cell) ** 2))
            turn = np.arctan2(down, across) / (2 * np.pi) * 8
            for i in range(4):
                near_row = max(0, 1 - abs(y - (row + (i - 1.5) * cell)) / cell)
                for j in range(4):
                    near_column = max(0, 1 - abs(x - (column + (j - 1.5) * cell)) / cell)
                    if near_row * near_column == 0:
                        continue
                    for k in range(8):
                        apart = abs((turn - k + 4) % 8 - 4)
                        share = near_row * near_column * max(0, 1 - apart)
                        histogram[i, j, k] += np.hypot(down, across) * gaussian * share
    return histogram.ravel()


@pytest.mark.parametrize(("cell", "step"), [(3, 7), (2, 9)])
def test_a_grid_is_what_a_loop_over_its_places_gives(pictures, cell, step):
    pixels = gray(pictures[:1, :, :26, :31])
    got = dense_sift(pixels, cell, step)[0].numpy()
    rows, columns = centers(26, cell, step), centers(31, cell, step)
    assert len(got) == len(rows) * len(columns) > 4
    for place in (0, len(columns) - 1, len(got) // 2, len(got) - 1):
        row, column = rows[place // len(columns)], columns[place % len(columns)]
        expected = plain_sift(pixels[0].double().numpy(), row, column, cell)
        np.testing.assert_allclose(got[place], expected, atol=1e-5)


def test_a_grid_agrees_with_opencv_at_the_same_places(pictures):
    picture = gray(pictures[1:2]).mul(255).round().byte()
    cell, step = 4, 6
    vectors = normalized(dense_sift(picture.float() / 255, cell, step), root=False)[0].numpy()
    places = [(row, column) for row in centers(40, cell, step) for column in centers(48, cell, step)]
    points = [cv2.KeyPoint(float(column), float(row), cell / 1.5, 0) for row, column in places]
    _, theirs = cv2.SIFT_create().compute(picture[0].numpy(), points)
    theirs = theirs.reshape(-1, 4, 4, 8)[..., -np.arange(8)].reshape(-1, 128)  # its angles turn the other way
    theirs /= np.linalg.norm(theirs, axis=1, keepdims=True)
    assert (vectors * theirs).sum(1).mean() > 0.9  # it smooths more, and draws its window wider


def test_a_block_equals_picture_by_picture_and_a_list(pictures):
    sift = DenseSIFT(step=5, cells=(2, 4)).fit(pictures)
    whole = np.concatenate([described.vectors for described in sift.describe(pictures)])
    one_by_one = [next(sift.describe(pictures[i : i + 1])).vectors[0] for i in range(len(pictures))]
    np.testing.assert_allclose(whole, np.stack(one_by_one), atol=1e-6)


def test_the_gradient_is_shared_out_without_loss(pictures):
    pixels = gray(pictures)
    maps = directions(pixels)
    assert (maps >= 0).all()
    assert ((maps > 0).sum(0) <= 2).all()
    down = np.gradient(np.pad(pixels[0].numpy(), 1, mode="edge"), axis=0)[1:-1, 1:-1] * 2
    across = np.gradient(np.pad(pixels[0].numpy(), 1, mode="edge"), axis=1)[1:-1, 1:-1] * 2
    np.testing.assert_allclose(maps[:, 0].sum(0), np.hypot(down, across), atol=1e-6)


def test_patches_lie_within_the_picture_and_the_grid_is_centered():
    for side in (16, 17, 40, 256):
        places = centers(side, 4, 3)
        assert places[0] - 7.5 >= 0
        assert places[-1] + 7.5 <= side - 1
        assert abs((places[0] - 7.5) - (side - 1 - places[-1] - 7.5)) <= 1
    assert len(centers(256, 2, 8)) == 32


def test_smoothing_is_a_gaussian(pictures):
    pixels = gray(pictures[:1])
    sigma = ((8 / 6) ** 2 - 0.25) ** 0.5
    reach = int(np.ceil(3 * sigma))
    expected = cv2.GaussianBlur(
        pixels[0].numpy(), (2 * reach + 1, 2 * reach + 1), sigma, borderType=cv2.BORDER_REPLICATE
    )
    np.testing.assert_allclose(smoothed(pixels, 8)[0], expected, atol=1e-5)


def test_vectors_have_length_one_and_a_blank_picture_has_zeros():
    blank = np.full((1, 1, 32, 32), 90, np.uint8)
    for root in (False, True):
        vectors = next(DenseSIFT(root=root).fit(blank).describe(blank)).vectors
        assert not vectors.any()
        random = normalized(torch.rand(5, 128) ** 8, root=root)
        np.testing.assert_allclose(random.norm(dim=1), 1, atol=1e-5)


def test_color_gives_the_vectors_of_three_channels(pictures):
    plain, colored = (next(DenseSIFT(color=c).fit(pictures).describe(pictures[:1])) for c in ("gray", "rgb"))
    assert colored.vectors.shape[2] == 3 * plain.vectors.shape[2] == 384
    red = np.repeat(pictures[:1, :1], 3, axis=1)
    opponent = next(DenseSIFT(color="opponent").fit(red).describe(red)).vectors
    assert not opponent[..., :128].any()  # red less green of a gray picture
    assert not opponent[..., 128:256].any()


def test_what_does_not_fit_is_refused(pictures):
    with pytest.raises(DoesNotApply, match="2 x 2 hold no 4 x 4 cells"):
        DenseSIFT().fit(pictures[:, :, :2, :2])
    fitted = DenseSIFT(cells=(4,)).fit(pictures)
    with pytest.raises(DoesNotApply, match="16 pixels does not fit in a picture of 40 x 12"):
        list(fitted.describe(pictures[..., :12]))
    with pytest.raises(UnknownName, match="opponent"):
        DenseSIFT(color="oponent").fit(pictures)
